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
HESSIAN_SIZE = 2500  # coefficients up to which the Hessian of a sample may precondition


def choose(solver: str, n_rows: int, size: int) -> str:
    """The method for a value of the parameter `solver`, and `size` coefficients.

    A small Hessian is formed at every step; one of up to 2500 coefficients preconditions Newton's
    steps, from a sample of rows; beyond that L-BFGS gathers curvature from its own steps.
    """
    if solver == "lbfgs":
        return "lbfgs"
    if size**2 * (n_rows + size / 3) <= CHEAP:
        return "newton-cholesky"
    return "lbfgs" if solver == "auto" and size > HESSIAN_SIZE else "newton-cg"


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
    minimise = lbfgs if method == "lbfgs" else newton
    return minimise(
        objective,
        coef,
        _preconditioner(method, objective),
        tol=tol,
        max_iter=max_iter,
        on_iteration=on_iteration,
    )


def _preconditioner(method: str, objective: Any) -> Any:
    """What the method's steps start from: as much of the Hessian as pays."""
    if method == "newton-cholesky":
        return ExactHessian()
    if objective.many_columns:
        return Diagonal()
    small = int(np.prod(objective.shape)) <= HESSIAN_SIZE
    return Bought() if method == "newton-cg" and small else Kronecker()
