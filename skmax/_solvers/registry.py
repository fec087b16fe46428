"""The methods, the choice between them, and a run of one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

import numpy as np

from skmax._solvers.lbfgs import lbfgs
from skmax._solvers.newton import newton
from skmax._solvers.patience import PATIENCE, Progress
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
from skmax._solvers.result import Result, Status

CHEAP = 1e8  # operations up to which a Hessian is formed, and factored, at every step
HESSIAN_SIZE = 2500  # coefficients up to which the Hessian of a sample may precondition
MATRIX_COLUMNS = 4000  # columns up to which a matrix of them is formed
#: L-BFGS is never called slow: its Newton steps, after 200 iterations, are its own remedy, and at
#: the sizes where it comes first the other method starts from the same preconditioner. Left after
#: 150 and 450 iterations, raw `fars` (20,000 rows) and `ocr_letters` (5000) at C = 1e6, where it
#: takes 329 and 599, were not there after 1000.
LBFGS_PATIENCE = np.inf


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

    `name` is what `solver_` says; `needs` is the kind of point that the preconditioner looks at;
    `patience` is after how many iterations it may be called slow.
    """

    name: str
    minimise: Minimise
    preconditioner: Callable[[Objective[Point]], Preconditioner[FullPoint]]
    needs: type
    patience: float = PATIENCE


#: The one table of methods: those of one name take over from each other as problems grow.
METHODS = {
    "newton-cholesky": Method("newton-cholesky", newton, ExactHessian, HessianPoint),
    "newton-cg": Method("newton-cg", newton, LazyHessian, SampledPoint),
    "newton-cg, many coefficients": Method("newton-cg", newton, UniformKronecker, KroneckerPoint),
    "newton-cg, many columns": Method("newton-cg", newton, Diagonal, DiagonalPoint),
    "lbfgs": Method("lbfgs", lbfgs, Kronecker, KroneckerPoint, LBFGS_PATIENCE),
    "lbfgs, many columns": Method("lbfgs", lbfgs, Diagonal, DiagonalPoint, LBFGS_PATIENCE),
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
    """Minimise `objective` from `coef`, one method going on where the other is stuck or slow.

    A slow one is left when much more than it has spent is still to go. The next may spend as much;
    if it then has further to go than the one before had, that one comes back, and stays.

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
    preconditioners: dict[str, Preconditioner[FullPoint]] = {}  # a method may come back to its own

    def go_on(
        method: Method, result: Result[FullPoint], progress: Progress | None
    ) -> Result[FullPoint]:
        """Where `method` comes to from a result, until its progress, if watched, is too slow."""
        done, slow = result.n_iter, False

        def report(n_iter: int, value: float, gap: float, coef: np.ndarray) -> bool:
            nonlocal slow
            if on_iteration(done + n_iter, value, gap, coef):
                return True
            if progress is not None:
                slow = progress.add(value, full.passes.total, tol)
                slow = slow and gap > tol and done + n_iter < max_iter
            return slow

        if method.name not in preconditioners:
            preconditioners[method.name] = method.preconditioner(full)
        further = method.minimise(
            full,
            result.point,
            preconditioners[method.name],
            tol=tol,
            max_iter=max_iter - done,
            on_iteration=report,
        )
        return replace(
            further,
            n_iter=done + further.n_iter,
            status=Status.SLOW if slow else further.status,
            values=result.values + further.values[1:],
            method=f"{result.method}, {method.name}" if result.method else method.name,
        )

    def watched(
        method: Method, result: Result[FullPoint], rival: Progress | None = None
    ) -> Progress:
        return Progress(result.value, full.passes.total, rival, method.patience)

    start = cast(FullPoint, point)
    result = Result(start, np.inf, 0, Status.SLOW, [start.value])
    first, *others = methods
    # 1. The first method is watched if there is another.
    progress = watched(first, result) if others else None
    result = go_on(first, result, progress)
    for other in others:
        # 2. Where it is stuck, the other takes over.
        if result.n_iter >= max_iter:
            break
        if result.status.stuck:
            result = go_on(other, result, None)
        # 3. Where it is slow, the other has to be quicker, or the first goes on.
        elif result.status is Status.SLOW:
            result = go_on(other, result, watched(other, result, progress))
            may_go_on = result.n_iter < max_iter
            if may_go_on and (result.status.stuck or result.status is Status.SLOW):
                result = go_on(first, result, None)
    return cast(Result[P], result)


def _check_needs(method: Method, point: Point) -> None:
    """The objective's points must offer what the method's preconditioner looks at."""
    if not isinstance(point, method.needs):
        raise TypeError(
            f"{method.name} needs an objective whose points are a {method.needs.__name__}, got "
            f"{type(point).__name__}"
        )
