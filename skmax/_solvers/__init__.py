"""How the objective is minimised: one module a method, and the choice between them."""

from typing import Any

import numpy as np

from skmax._solvers.lbfgs import lbfgs
from skmax._solvers.newton import newton
from skmax._solvers.preconditioners import Diagonal, ExactHessian, Kronecker
from skmax._solvers.result import OnIteration, Result

__all__ = ["METHODS", "Result", "choose", "solve"]

METHODS = ("newton-cholesky", "newton-cg", "lbfgs")
EXACT_SIZE = 1500  # coefficients up to which the whole Hessian is formed


def choose(solver: str, shape: tuple[int, int]) -> str:
    """The method for a value of the parameter `solver` and a problem's shape."""
    if solver == "lbfgs":
        return "lbfgs"
    return "newton-cholesky" if int(np.prod(shape)) <= EXACT_SIZE else "newton-cg"


def solve(
    method: str,
    objective: Any,
    coef: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    on_iteration: OnIteration,
) -> Result:
    """Minimise `objective` from `coef` by one of METHODS."""
    approximate = Diagonal() if objective.many_columns else Kronecker()
    minimise = lbfgs if method == "lbfgs" else newton
    return minimise(
        objective,
        coef,
        ExactHessian() if method == "newton-cholesky" else approximate,
        tol=tol,
        max_iter=max_iter,
        on_iteration=on_iteration,
    )
