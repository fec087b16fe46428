"""How the objective is minimised: one module a method, and the choice between them."""

from typing import Any

import numpy as np

from skmax._solvers.lbfgs import lbfgs
from skmax._solvers.newton import newton
from skmax._solvers.preconditioners import Bought, Diagonal, ExactHessian, Kronecker
from skmax._solvers.result import OnIteration, Result

__all__ = ["METHODS", "Result", "choose", "solve"]

METHODS = ("newton-cholesky", "newton-cg", "lbfgs")
CHEAP = 1e8  # operations up to which a Hessian is formed, and factored, at every step
HESSIAN_SIZE = 2500  # coefficients up to which it may be formed when that pays


def choose(solver: str, n_rows: int, size: int) -> str:
    """The method for a value of the parameter `solver`, and `size` coefficients."""
    if solver == "lbfgs":
        return "lbfgs"
    return "newton-cholesky" if size**2 * (n_rows + size / 3) <= CHEAP else "newton-cg"


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
    size = int(np.prod(objective.shape))
    preconditioner: Any
    if method == "newton-cholesky":
        preconditioner = ExactHessian()
    elif objective.many_columns:
        preconditioner = Diagonal()
    elif method == "newton-cg" and size <= HESSIAN_SIZE:
        preconditioner = Bought()
    else:
        preconditioner = Kronecker()
    minimise = lbfgs if method == "lbfgs" else newton
    return minimise(
        objective,
        coef,
        preconditioner,
        tol=tol,
        max_iter=max_iter,
        on_iteration=on_iteration,
    )
