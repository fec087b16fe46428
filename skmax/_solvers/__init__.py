"""How the objective is minimised: one module a method, and the choice between them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from skmax._solvers.lbfgs import lbfgs
from skmax._solvers.newton import newton
from skmax._solvers.preconditioners import Bought, Diagonal, EvenKronecker, ExactHessian, Kronecker
from skmax._solvers.result import ASKED_TO_STOP, OnIteration, Result

__all__ = ["ASKED_TO_STOP", "METHODS", "Result", "choose", "solve"]

METHODS = ("newton-cholesky", "newton-cg", "lbfgs")
CHEAP = 1e8  # operations up to which a Hessian is formed, and factored, at every step
HESSIAN_SIZE = 2500  # coefficients up to which the Hessian of a sample may precondition


def choose(solver: str, n_rows: int, size: int) -> tuple[str, ...]:
    """The methods for a value of the parameter `solver`, and `size` coefficients, in their order.

    A small Hessian is formed at every step; one of up to 2500 coefficients preconditions Newton's
    steps, from a sample of rows; beyond that L-BFGS gathers curvature from its own steps. "auto"
    goes on with the other kind of method where the first gets stuck.
    """
    if solver == "lbfgs":
        return ("lbfgs",)
    if size**2 * (n_rows + size / 3) <= CHEAP:
        newton_first = ("newton-cholesky", "lbfgs")
    else:
        newton_first = ("newton-cg", "lbfgs")
    if solver == "newton":
        return newton_first[:1]
    return ("lbfgs", "newton-cg") if size > HESSIAN_SIZE else newton_first


def solve(
    methods: Sequence[str],
    objective: Any,
    coef: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    on_iteration: OnIteration,
) -> Result:
    """Minimise `objective` from `coef`, each of the METHODS going on where the last got stuck."""

    def run(method: str, start: np.ndarray, done: int) -> Result:
        def report(n_iter: int, value: float, gap: float, coef: np.ndarray) -> bool:
            return on_iteration(done + n_iter, value, gap, coef)

        minimise = lbfgs if method == "lbfgs" else newton
        preconditioner = _preconditioner(method, objective)
        left = max_iter - done
        return minimise(
            objective, start, preconditioner, tol=tol, max_iter=left, on_iteration=report
        )

    result = run(methods[0], coef, 0)
    result.method = methods[0]
    for method in methods[1:]:
        if not result.stuck or result.n_iter >= max_iter:
            break
        further = run(method, result.coef, result.n_iter)
        further.values[:1] = result.values
        further.n_iter += result.n_iter
        further.method = f"{result.method}, {method}"
        result = further
    return result


def _preconditioner(method: str, objective: Any) -> Any:
    """What the method's steps start from: as much of the Hessian as pays."""
    if method == "newton-cholesky":
        return ExactHessian()
    if objective.many_columns:
        return Diagonal()
    small = int(np.prod(objective.shape)) <= HESSIAN_SIZE
    if method == "newton-cg":
        return Bought() if small else EvenKronecker()
    return Kronecker()
