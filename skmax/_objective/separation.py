"""Whether a loss without a penalty has an optimum: directions along which it only falls.

The cross-entropy of a row never rises along a direction D of the coefficients exactly if the
logits d = D x move so that the classes with mass in its targets stay level and no other class
rises above them. Where such a direction moves some class of some row strictly down, the classes
are separable (all rows move: completely, else quasi-completely) and the loss has no minimum (A.
Albert, J. A. Anderson, Biometrika 71, 1984). Whether there is one is a question for a linear
program (K. Konis, Linear programming algorithms for detecting separated data in binary logistic
regression models, Oxford 2007):

    minimise |D|_1  subject to  d_y - d_j >= 0 for each pair (row with class y, other class j),
                                d_y - d_j = 0 where both classes have mass,
                                the mean of d_y - d_j over all pairs = 1.

It is feasible exactly if there is a separation; the least sum of absolute values makes D sparse, so
that it names the columns. The program starts with the pairs that the fit found hardest to tell
apart, which nearly always suffice to prove that it is infeasible; pairs that a solution violates
are added until there is none. So a program of a few hundred pairs decides about all rows.

The module knows no objective: rows, targets, weights and probabilities are plain arrays.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from skmax import _kernels
from skmax._objective.pairs import LEVEL, Pairs, RowsAt, is_large

#: Variables of the program beyond which only the given directions are looked at. 2500 of them,
#: with the pairs that they take, are about 200 MB and 10 to 30 seconds of HiGHS.
MOST_VARIABLES = 2500
#: Pairs in the first program, and those added to it at a time, for each variable. 50,000 x 50 x 5:
#: 1 to 4 programs with these; with 8 and 4 fewer of them, but each takes three times as long.
FIRST_PAIRS, MORE_PAIRS = 4, 2
#: The most programs for one direction, and directions looked for: more only add names.
MOST_PROGRAMS, MOST_DIRECTIONS = 100, 10
#: Steps of the simplex method before the interior point method goes on. Sparse directions take 10
#: to 100 steps, 255 variables that all run away up to 804. To prove 610 variables infeasible the
#: simplex method took up to 185 s, or gave up, and the interior point method 1 s.
SIMPLEX_STEPS = 1000
SOLVED, INFEASIBLE = 0, 2  # statuses of linprog
#: The change of a pair by Newton's step from which on it may be running away.
RUNS = 0.5
#: The cost of an intercept in |D|_1: hardly any, as moving it means no column runs away.
INTERCEPT_COST = 1e-3


@dataclass(frozen=True)
class Separation:
    """A direction along which the loss falls for ever, and what runs away along it.

    `direction` (n_outputs, n_columns) has entries up to 1; `classes` are those told apart from the
    largest group that stays together, or all if no group is the largest; `features` are the columns
    with a coefficient that grows, without the intercept; `n_rows` of the rows with weight move.
    """

    direction: np.ndarray
    classes: np.ndarray
    features: np.ndarray
    n_rows: int


def find_separation(
    rows_at: RowsAt,
    targets: _kernels.Targets,
    weight: np.ndarray,
    probabilities: np.ndarray,
    intercept: bool,
    coef: np.ndarray,
    step: np.ndarray | None = None,
) -> Separation | None:
    """Find what has no optimum without a penalty, or prove that there is one.

    Parameters
    ----------
    rows_at : callable
        rows_at(indices) gives the standardised rows, (len(indices), n_columns).
    targets : Labels, ClassProbabilities or BinaryTargets
        What each row should be.
    weight : ndarray of shape (n,)
        Weights; rows of weight 0 do not count.
    probabilities : ndarray of shape (n_outputs, n)
        What the fit predicts. They only say which pairs to begin with.
    intercept : bool
        Whether the last column is one of ones.
    coef : ndarray of shape (n_outputs, n_columns)
        Where the fit stopped.
    step : ndarray of shape (n_outputs, n_columns), default=None
        Newton's step there, if known. It moves what runs away by about 1 and nothing else: where
        the first direction leaves no such pair, no other one is looked for.

    Returns
    -------
    Separation or None
        None if no direction separates.
    """
    problem = Pairs(rows_at, targets, weight, probabilities, intercept)
    known = [d for d in (coef, step) if d is not None and problem.separates(d)]
    sparse: list[np.ndarray] = []
    if problem.n_variables <= MOST_VARIABLES:
        sparse = _sparse_directions(problem, known, step)
    if not known and not sparse:
        return None
    total = _added(known + sparse)
    moved = problem.moves(total).moved
    return Separation(
        total,
        _told_apart(problem, moved),
        _running(problem.of_classes(_added(sparse or known)), intercept),
        int(moved.any(axis=1).sum()),
    )


def _added(directions: list[np.ndarray]) -> np.ndarray:
    """A direction that moves what any of the given ones moves, with entries up to 1."""
    total = np.sum([direction / np.abs(direction).max() for direction in directions], axis=0)
    return total / np.abs(total).max()


def has_optimum(
    rows_at: RowsAt,
    targets: _kernels.Targets,
    weight: np.ndarray,
    probabilities: np.ndarray,
    intercept: bool,
    left_to_gain: float,
    most_rows: int | None = None,
) -> bool:
    """Whether pairs that cannot move leave no direction: a cheap proof, which may fail.

    A direction that only lowers the loss takes s_i p_ij and more from it with each pair that it
    moves. So pairs with more than `left_to_gain`, a bound of value - infimum, stay level. Two
    classes whose level pairs have rows of full rank have the same coefficients in any direction;
    where that joins all classes, there is none. Some rows may suffice: at most `most_rows`.
    """
    if most_rows is not None and most_rows < len(weight):
        some = np.arange(0, len(weight), -(-len(weight) // most_rows))
        weight = np.where(np.isin(np.arange(len(weight)), some), weight, 0.0)
        if not weight.any():
            return False
    problem = Pairs(rows_at, targets, weight, probabilities, intercept)
    level = problem.free & (problem.mistakes() > left_to_gain)
    if problem.full_rank((level | problem.mass).all(axis=1)):  # rows that tie all classes at once
        return True
    kind = problem.own[:, None] * problem.n_classes + np.arange(problem.n_classes)
    counts = np.bincount(kind[level], minlength=problem.n_classes**2)
    counts = counts.reshape(problem.n_classes, -1)
    counts = counts + counts.T
    tree = minimum_spanning_tree(np.where(counts >= problem.n_columns, -counts, 0)).tocoo()
    return tree.nnz == problem.n_classes - 1 and all(
        problem.full_rank(problem.with_pair(level, one, other))
        for one, other in zip(tree.row, tree.col, strict=True)
    )


def _sparse_directions(
    problem: Pairs, known: list[np.ndarray], step: np.ndarray | None
) -> list[np.ndarray]:
    """Directions by the linear program, until no pair is left that another one would move.

    Where a known direction moves every pair, one sparse direction names the columns.
    """
    program = _Program(problem)
    running = problem.free
    if step is not None:
        running = running & (problem.changes(step) >= RUNS)
    first = program.solve(problem.goal(running)) if running.any() else None
    if first is None and not np.array_equal(running, problem.free):
        first = program.solve(problem.goal(problem.free))
    if first is None:
        return []
    if any(problem.moves(direction).all_moved for direction in known):
        return [first]
    found, left = [first], running & ~problem.moves(first).moved
    while left.any() and len(found) < MOST_DIRECTIONS:
        direction = program.solve(problem.goal(left))
        if direction is None:
            break
        found.append(direction)
        left &= ~problem.moves(direction).moved
    return found


def _told_apart(problem: Pairs, moved: np.ndarray) -> np.ndarray:
    """The classes outside the largest group of which no two are told apart on any row."""
    n_classes = problem.n_classes
    together = np.ones((n_classes, n_classes), bool)
    for k in range(n_classes):
        together[k, moved[problem.own == k].any(axis=0)] = False
    _, group = connected_components(together & together.T, directed=False)
    sizes = np.bincount(group)
    largest = np.flatnonzero(sizes == sizes.max())
    everyone = np.arange(n_classes)
    return everyone if len(largest) > 1 else everyone[group != largest[0]]


def _running(of_classes: np.ndarray, intercept: bool) -> np.ndarray:
    """The features whose coefficients differ between classes."""
    spread = np.ptp(of_classes, axis=0)
    features = spread[: len(spread) - intercept]
    return np.flatnonzero(features > LEVEL * spread.max())


class _Program:
    """The linear program over some of the pairs, which grows by those that solutions violate."""

    def __init__(self, problem: Pairs) -> None:
        self.problem = problem
        self.pairs = problem.hardest(FIRST_PAIRS * problem.n_variables)
        self.forms, self.level = problem.constraints(self.pairs)
        cost = np.ones((len(problem.probabilities), problem.n_columns))
        if problem.intercept:
            cost[:, -1] = INTERCEPT_COST
        self.cost = np.tile(cost.ravel(), 2)

    def solve(self, goal: np.ndarray) -> np.ndarray | None:
        """The sparsest direction with goal . direction = 1; None if no direction separates."""
        for _ in range(MOST_PROGRAMS):
            direction = self._solution(goal)
            if direction is None:
                return None
            moves = self.problem.moves(direction)
            if not is_large(moves, direction):
                return None
            new = ~np.isin(moves.violated, self.pairs)
            if not new.any():  # what is left is as exactly as the program is solved
                return direction if not len(moves.violated) else None
            most = MORE_PAIRS * self.problem.n_variables
            self._add(self.problem.spread(moves.violated[new], moves.by[new], most))
        return None

    def _add(self, pairs: np.ndarray) -> None:
        forms, level = self.problem.constraints(pairs)
        self.pairs = np.append(self.pairs, pairs)
        self.forms, self.level = np.vstack([self.forms, forms]), np.append(self.level, level)

    def _solution(self, goal: np.ndarray) -> np.ndarray | None:
        """Positive and negative parts are variables of their own, so that |D|_1 is linear."""
        free = self.forms[~self.level]
        equal = np.vstack([goal.ravel(), self.forms[self.level]])
        one = np.zeros(len(equal))
        one[0] = 1.0
        program = {
            "c": self.cost,
            "A_ub": np.hstack([-free, free]),
            "b_ub": np.zeros(len(free)),
            "A_eq": np.hstack([equal, -equal]),
            "b_eq": one,
        }
        for method, most in (("highs-ds", SIMPLEX_STEPS), ("highs-ipm", None)):
            options = {"primal_feasibility_tolerance": 1e-10, "maxiter": most}
            result = linprog(**program, method=method, options=options)
            if result.status in (SOLVED, INFEASIBLE):
                break
        if result.status != SOLVED:
            return None
        positive, negative = np.split(result.x, 2)
        return (positive - negative).reshape(goal.shape)
