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
#: The most passes over sparse rows that such a matrix and its factors may take in the place of. Of
#: 1000 rows of `dna` they take 63, and fits with a diagonal 0.3 to 1.0 of the time; of 3000 of
#: `fars` 168, and 0.4 to 1.1 but for one of 3; of 1617 texts with 2258 words 13,000, and 0.02 to
#: 0.1. Of 3000 rows of `connect4` they take 14, and fits with a diagonal 0.8 to 5 times as long.
MATRIX_PASSES = 50
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


#: Those of each method, by its name in METHODS.
Preconditioners = dict[str, Preconditioner[FullPoint]]

#: The one table of methods: those of one name take over from each other as problems grow.
METHODS = {
    "newton-cholesky": Method("newton-cholesky", newton, ExactHessian, HessianPoint),
    "newton-cg": Method("newton-cg", newton, LazyHessian, SampledPoint),
    "newton-cg, many coefficients": Method("newton-cg", newton, UniformKronecker, KroneckerPoint),
    "newton-cg, many columns": Method("newton-cg", newton, Diagonal, DiagonalPoint),
    "lbfgs": Method("lbfgs", lbfgs, Kronecker, KroneckerPoint, LBFGS_PATIENCE),
    "lbfgs, many columns": Method("lbfgs", lbfgs, Diagonal, DiagonalPoint, LBFGS_PATIENCE),
}


def choose(
    solver: str, n_rows: int, shape: tuple[int, int], matrix_passes: float = 0.0
) -> tuple[Method, ...]:
    """The methods for a value of the parameter `solver` and `coef` of the given shape, in order.

    A matrix of the columns and its factors take as long as `matrix_passes` passes over the rows.

    A small Hessian is formed at every step; one of up to 2500 coefficients preconditions Newton's
    steps, from a sample of rows; beyond that L-BFGS gathers curvature from its own steps. "auto"
    goes on with the other kind of method where the first gets stuck or is slow.
    """
    size = int(np.prod(shape))
    many_columns = shape[1] > MATRIX_COLUMNS or matrix_passes > MATRIX_PASSES
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
    point: P,
    *,
    tol: float,
    max_iter: int,
    on_iteration: OnIteration,
    preconditioners: Preconditioners | None = None,
) -> Result[P]:
    """Minimise `objective` from a point, one method going on where the other is stuck or slow.

    A slow one is left when much more than it has spent is still to go. The next may spend as much;
    if it then has further to go than the one before had, that one comes back, and stays.

    Fits of objectives that differ by their penalty alone, and count their passes together, may hand
    on their `preconditioners`: this one begins with them, and keeps its own there.

    Raises
    ------
    TypeError
        If the objective lacks what a method's preconditioner needs.
    """
    for method in methods:
        _check_needs(method, point)
    # Its points need not be full ones: what the methods ask of them has been checked.
    full, start = cast(Objective[FullPoint], objective), cast(FullPoint, point)
    known = {} if preconditioners is None else preconditioners
    fit = _Fit(full, start, known, tol=tol, max_iter=max_iter, on_iteration=on_iteration)
    first, *others = methods
    # 1. The first method is watched if there is another.
    progress = fit.progress_of(first) if others else None
    fit.go_on(first, progress)
    for other in others:
        if fit.result.n_iter >= max_iter:
            break
        # 2. Where it is stuck, the other takes over.
        if fit.result.status.stuck:
            fit.go_on(other)
        # 3. Where it is slow, the other has to be quicker, or the first goes on.
        elif fit.result.status is Status.SLOW:
            fit.go_on(other, fit.progress_of(other, progress))
            failed = fit.result.status.stuck or fit.result.status is Status.SLOW
            if failed and fit.result.n_iter < max_iter:
                fit.go_on(first)
    return cast(Result[P], fit.result)


class _Fit:
    """A fit by methods in turn: where it has come to, and the preconditioner of each.

    A method that comes back goes on with what it knew of the Hessian.
    """

    def __init__(
        self,
        objective: Objective[FullPoint],
        start: FullPoint,
        preconditioners: Preconditioners,
        *,
        tol: float,
        max_iter: int,
        on_iteration: OnIteration,
    ) -> None:
        self.objective, self.on_iteration = objective, on_iteration
        self.tol, self.max_iter = tol, max_iter
        self.result = Result(start, np.inf, 0, Status.OUT_OF_ITERATIONS, [start.value])
        self._preconditioners = preconditioners

    def progress_of(self, method: Method, rival: Progress | None = None) -> Progress:
        """What is to be watched of a method that goes on from here."""
        spent = self.objective.passes.total
        return Progress(self.result.value, spent, rival, method.patience)

    def go_on(self, method: Method, progress: Progress | None = None) -> None:
        """Let a method go on, to its end or until its progress, if watched, is too slow."""
        before, slow = self.result, False

        def report(n_iter: int, value: float, gap: float, coef: np.ndarray) -> bool:
            nonlocal slow
            if self.on_iteration(before.n_iter + n_iter, value, gap, coef):
                return True
            if progress is not None:
                slow = progress.add(value, self.objective.passes.total, self.tol)
                slow = slow and gap > self.tol and before.n_iter + n_iter < self.max_iter
            return slow

        if method.name not in self._preconditioners:
            self._preconditioners[method.name] = method.preconditioner(self.objective)
        further = method.minimise(
            self.objective,
            before.point,
            self._preconditioners[method.name],
            tol=self.tol,
            max_iter=self.max_iter - before.n_iter,
            on_iteration=report,
        )
        self.result = replace(
            further,
            n_iter=before.n_iter + further.n_iter,
            status=Status.SLOW if slow else further.status,
            values=before.values + further.values[1:],
            method=f"{before.method}, {method.name}" if before.method else method.name,
        )


def _check_needs(method: Method, point: Point) -> None:
    """The objective's points must offer what the method's preconditioner looks at."""
    if not isinstance(point, method.needs):
        raise TypeError(
            f"{method.name} needs an objective whose points are a {method.needs.__name__}, got "
            f"{type(point).__name__}"
        )
