"""The methods, the choice between them, and a run of one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np

from skmax._solvers.lbfgs import lbfgs
from skmax._solvers.newton import newton
from skmax._solvers.preconditioners import (
    Diagonal,
    ExactHessian,
    Kronecker,
    LazyHessian,
    UniformKronecker,
)
from skmax._solvers.protocol import (
    DiagonalPoint,
    FullPoint,
    HessianPoint,
    KroneckerPoint,
    Objective,
    OnIteration,
    P,
    Point,
    Preconditioner,
    SampledPoint,
)
from skmax._solvers.result import Result

CHEAP = 1e8  # operations up to which a Hessian is formed, and factored, at every step
HESSIAN_SIZE = 2500  # coefficients up to which the Hessian of a sample may precondition
MATRIX_COLUMNS = 4000  # columns up to which a matrix of them is formed


class Minimise(Protocol):
    """A method: it minimises an objective from a point."""

    def __call__(
        self,
        objective: Objective[FullPoint],
        point: FullPoint,
        preconditioner: Preconditioner[FullPoint],
        /,
        *,
        tol: float,
        max_iter: int,
        on_iteration: OnIteration,
    ) -> Result[FullPoint]: ...


@dataclass(frozen=True)
class Method:
    """A method with what its steps start from.

    `name` is what `solver_` says; `needs` is the kind of point that the preconditioner looks at.
    """

    name: str
    minimise: Minimise
    preconditioner: Callable[[Objective[Point]], Preconditioner[FullPoint]]
    needs: type


#: The one table of methods: those of one name take over from each other as problems grow.
METHODS = {
    "newton-cholesky": Method("newton-cholesky", newton, ExactHessian, HessianPoint),
    "newton-cg": Method("newton-cg", newton, LazyHessian, SampledPoint),
    "newton-cg, many coefficients": Method("newton-cg", newton, UniformKronecker, KroneckerPoint),
    "newton-cg, many columns": Method("newton-cg", newton, Diagonal, DiagonalPoint),
    "lbfgs": Method("lbfgs", lbfgs, Kronecker, KroneckerPoint),
    "lbfgs, many columns": Method("lbfgs", lbfgs, Diagonal, DiagonalPoint),
}


def choose(solver: str, n_rows: int, shape: tuple[int, int]) -> tuple[Method, ...]:
    """The methods for a value of the parameter `solver` and `coef` of the given shape, in order.

    A small Hessian is formed at every step; one of up to 2500 coefficients preconditions Newton's
    steps, from a sample of rows; beyond that L-BFGS gathers curvature from its own steps. "auto"
    goes on with the other kind of method where the first gets stuck.
    """
    size, many_columns = int(np.prod(shape)), shape[1] > MATRIX_COLUMNS
    quasi_newton = METHODS["lbfgs, many columns" if many_columns else "lbfgs"]
    if size**2 * (n_rows + size / 3) <= CHEAP:
        exact = METHODS["newton-cholesky"]
    elif many_columns:
        exact = METHODS["newton-cg, many columns"]
    else:
        large = size > HESSIAN_SIZE
        exact = METHODS["newton-cg, many coefficients" if large else "newton-cg"]
    if solver == "lbfgs":
        return (quasi_newton,)
    if solver == "newton":
        return (exact,)
    return (quasi_newton, exact) if size > HESSIAN_SIZE else (exact, quasi_newton)


def solve(
    methods: Sequence[Method],
    objective: Objective[P],
    coef: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    on_iteration: OnIteration,
) -> Result[P]:
    """Minimise `objective` from `coef`, each method going on where the last got stuck.

    Raises
    ------
    TypeError
        If the objective lacks what a method's preconditioner needs.
    """
    point = objective.at(coef)
    for method in methods:
        _check_needs(method, point)
    # Its points need not be full ones: what the methods ask of them has been checked.
    full = cast(Objective[FullPoint], objective)

    def run(method: Method, start: FullPoint, done: int) -> Result[FullPoint]:
        def report(n_iter: int, value: float, gap: float, coef: np.ndarray) -> bool:
            return on_iteration(done + n_iter, value, gap, coef)

        preconditioner = method.preconditioner(full)
        result = method.minimise(
            full, start, preconditioner, tol=tol, max_iter=max_iter - done, on_iteration=report
        )
        return replace(result, method=method.name)

    result = run(methods[0], cast(FullPoint, point), 0)
    for method in methods[1:]:
        if not result.status.stuck or result.n_iter >= max_iter:
            break
        further = run(method, result.point, result.n_iter)
        result = replace(
            further,
            n_iter=result.n_iter + further.n_iter,
            values=result.values + further.values[1:],
            method=f"{result.method}, {method.name}",
        )
    return cast(Result[P], result)


def _check_needs(method: Method, point: Point) -> None:
    """The objective's points must offer what the method's preconditioner looks at."""
    if not isinstance(point, method.needs):
        raise TypeError(
            f"{method.name} needs an objective whose points are a {method.needs.__name__}, got "
            f"{type(point).__name__}"
        )
