"""What a fit without a penalty does where the loss has no optimum."""

from dataclasses import replace

import numpy as np

from skmax import _solvers
from skmax._design import RowSpaceDesign
from skmax._objective import Objective, ObjectivePoint, Ridge
from skmax._objective.pairs import PairRows
from skmax._objective.separation import (
    MOST_VARIABLES,
    Separation,
    find_separation,
    has_optimum,
)
from skmax.linear_model._problem import Problem

Result = _solvers.Result[ObjectivePoint]

CUT_SHORT = (_solvers.Status.ASKED_TO_STOP, _solvers.Status.OUT_OF_ITERATIONS)
#: The change of a difference of logits by the last Newton step from which on separation is looked
#: for. It is at least 1 where there is one, 0.995 with the steps of conjugate gradients; at an
#: optimum to the default tolerance it was above 0.5 in 3 of 86 fits, 0.65 at most (45 simulated
#: problems, both solvers): these are taken on.
SIGN = 0.5
#: How far a fit that hints at a separation is taken on before a linear program decides: at an
#: optimum Newton's steps, and the hint with them, are then gone.
HINT_TOL, HINT_ITERATIONS = 1e-9, 100
#: Times the estimated gap, what may be left to gain where the estimate is by a preconditioner.
LEFT = 100
#: How often rows are added that a direction moves as it must not, where not all are looked at.
MOST_ROUNDS = 10
#: Rows for each coefficient that the proof by rank looks at first.
PROOF_ROWS = 8
#: The weight of |coef|^2 / 2 beside the mean loss that stands for the limit of none. With 1e-10
#: instead probabilities differ by 1e-6 already; rounding leaves them alone even at 1e-13.
VANISHING = 1e-12
#: How exactly that optimum is found: probabilities after fits of tol from 1e-2 to 1e-10 are then
#: the same to 1e-11 (exact Newton) and 2e-7 (conjugate gradients). It took 1 to 23 iterations.
LIMIT_TOL, LIMIT_ITERATIONS = 1e-14, 300
MOST_NAMES = 5  # classes and columns that a warning names


def separation_of(problem: Problem, result: Result, tol: float) -> tuple[Separation | None, bool]:
    """The separation of the classes, looked for only where the end of the fit hints at one.

    And whether it is known that there is none, or this one. A fit that was cut short, by a callback
    or by max_iter, stays as it is.
    """
    if problem.objective.penalty.bounds_coef or result.status in CUT_SHORT:
        return None, True
    if not problem.data.rows_at_hand:
        return None, not undecided(problem, result)
    if not _hints(problem, result, tol):
        return None, True
    if tol >= HINT_TOL / 10 and np.prod(problem.objective.shape) <= MOST_VARIABLES:
        result = _solved_on(problem, result)
        # At the floor of rounding, which float32 comes to first, a step says nothing.
        if result.status is _solvers.Status.WITHIN_TOL and not _runs(problem, result):
            return None, True
    rows = problem.data.pair_rows(result.coef, result.step)
    for _ in range(MOST_ROUNDS):
        found = find_separation(*rows, problem.design.intercept, result.coef, result.step)
        if found is None:
            return None, True
        against = problem.data.pair_rows_against(found.direction, result.coef)
        if against is None:
            features = problem.design.users_columns(found.features)
            return replace(found, features=features), True
        rows = PairRows.joined([rows, against])
    return None, False


def undecided(problem: Problem, result: Result) -> bool:
    """Whether only rows could tell that there is an optimum.

    The last exact Newton step may tell without; a step of conjugate gradients may miss a direction.
    """
    exact = result.method == "newton-cholesky" and not _runs(problem, result)
    return result.status.converged and not exact


def _runs(problem: Problem, result: Result) -> bool:
    """Whether the last step may be one along a direction without an end."""
    return result.step is None or problem.data.largest_change(result.step) >= SIGN


def _hints(problem: Problem, result: Result, tol: float) -> bool:
    """Whether the end of a fit leaves it open that there is no optimum.

    Exact Newton steps tell, unless the fit has gone on until the ridge that Cholesky's factors need
    exceeds the curvature that is left. Steps of conjugate gradients may miss a direction that has
    nearly no gradient; then there must be a proof by rank, for which some rows mostly suffice.
    """
    if result.step is None:
        return True
    if result.method == "newton-cholesky" and tol >= HINT_TOL / 10:
        return _runs(problem, result)
    n_outputs, n_columns = problem.objective.shape
    if _has_optimum(problem, result, tol, PROOF_ROWS * (n_outputs + 1) * n_columns):
        return False
    return _runs(problem, result) or not _has_optimum(problem, result, tol, None)


def _has_optimum(problem: Problem, result: Result, tol: float, max_rows: int | None) -> bool:
    """Whether rank proves that there is an optimum."""
    return has_optimum(
        *problem.data.pair_rows(result.coef, result.step),
        problem.design.intercept,
        LEFT * result.gap * result.value,
        max_rows,
    )


def _solved_on(problem: Problem, result: Result) -> Result:
    """The fit taken on from where it stopped, by exact Newton steps."""
    return _solvers.solve(
        [_solvers.METHODS["newton-cholesky"]],
        problem.objective,
        result.point,
        tol=HINT_TOL,
        max_iter=HINT_ITERATIONS,
        on_iteration=lambda *_: False,
    )


def _with_last(methods: str, last: str) -> str:
    """The names of the methods, with the last one if it is not that already."""
    return methods if methods.split(", ")[-1] == last else f"{methods}, {last}"


def at_its_limit(problem: Problem, result: Result, max_iter: int) -> Result:
    """The optimum under a vanishing penalty on the standardised columns, solved in float64.

    It is unique: it does not depend on where a fit without a penalty happened to stop. The
    iterations of both are at most `max_iter`.
    """
    # In float32 rounding would drown the penalty.
    n_outputs, threads = problem.objective.shape[0], problem.objective.threads
    design, data = problem.samples.in_float64(n_outputs, threads)
    if isinstance(design, RowSpaceDesign):
        # Its columns depend on the order of the rows, the norm of the user's weights does not.
        strength = VANISHING * design.mean_variance
        penalty = Ridge.of_user_columns(strength, design.coef_scale)
    else:
        penalty = Ridge(VANISHING * (np.arange(design.n_columns) < design.n_features))
    exact = int(np.prod(data.shape)) <= MOST_VARIABLES
    method = "newton-cholesky" if exact else "newton-cg, many coefficients"
    if design.n_columns > _solvers.MATRIX_COLUMNS:
        method = "newton-cg, many columns"
    objective = Objective(data, penalty)
    solved = _solvers.solve(
        [_solvers.METHODS[method]],
        objective,
        objective.at(design.standardise(*problem.design.unstandardise(result.coef))),
        tol=LIMIT_TOL,
        max_iter=min(LIMIT_ITERATIONS, max_iter - result.n_iter),
        on_iteration=lambda *_: False,
    )
    coef = problem.design.standardise(*design.unstandardise(solved.coef))
    point = problem.objective.at(coef)
    return replace(
        result,
        point=point,
        gap=np.inf,
        n_iter=result.n_iter + solved.n_iter,
        status=_solvers.Status.SEPARABLE,
        values=[*result.values, *solved.values[1:-1], point.value],
        method=_with_last(result.method, solved.method),
    )


def what_runs_away(separation: Separation, classes: np.ndarray, names: np.ndarray) -> str:
    """What is said where there is no optimum; `names` are those of the columns."""
    features = names[separation.features]
    by = f", by {_listed('column', features)}" if len(features) else ""
    told_apart = _listed("class", classes[separation.classes])
    verb = "is" if len(separation.classes) == 1 else "are"
    rest = "each other" if len(separation.classes) == len(classes) else "the rest"
    return (
        f"without a penalty there is no optimum, as {told_apart} {verb} separable from {rest} "
        f"on {separation.n_rows} rows{by}: coefficients would grow without bound"
    )


def _listed(kind: str, names: np.ndarray) -> str:
    """The first few names and how many more there are, after what they are names of."""
    if len(names) == 1:
        return f"{kind} {names[0]!s}"
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    plural = "classes" if kind == "class" else f"{kind}s"
    return f"{plural} {', '.join(map(str, names[:MOST_NAMES]))}{more}"
