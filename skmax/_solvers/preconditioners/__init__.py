"""Approximate inverses of the Hessian: what a Newton step or a quasi-Newton memory starts from.

Each is made for an objective, and has `refresh(point, gap)` and `solve(v)`.
"""

from skmax._solvers.preconditioners.diagonal import Diagonal
from skmax._solvers.preconditioners.hessian import ExactHessian, LazyHessian, SampledHessian
from skmax._solvers.preconditioners.kronecker import Kronecker, UniformKronecker

__all__ = [
    "Diagonal",
    "ExactHessian",
    "Kronecker",
    "LazyHessian",
    "SampledHessian",
    "UniformKronecker",
]
