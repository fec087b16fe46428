"""How the objective is minimised: one module a method, and the choice between them."""

from skmax._solvers.active_hessian import DEAR, NEAR_THRESHOLD, ActiveHessian
from skmax._solvers.certificate import relative_gap
from skmax._solvers.proximal_newton import proximal_newton
from skmax._solvers.registry import (
    MATRIX_COLUMNS,
    METHODS,
    Method,
    Preconditioners,
    choose,
    solve,
)
from skmax._solvers.result import Result, Status

__all__ = [
    "DEAR",
    "MATRIX_COLUMNS",
    "METHODS",
    "NEAR_THRESHOLD",
    "ActiveHessian",
    "Method",
    "Preconditioners",
    "Result",
    "Status",
    "choose",
    "proximal_newton",
    "relative_gap",
    "solve",
]
