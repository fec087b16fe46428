"""Pairs of classes in each row, and how they move along a direction of the coefficients.

A pair is a row's own class, the first with mass in its targets, and another class. It moves by the
change of the difference of their logits.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrf

from skmax import _kernels

#: Gives the rows of the indices, (n, n_columns) of float64, standardised, a column of ones last.
RowsAt = Callable[[np.ndarray], np.ndarray]

#: Rows for each column that the cheap proof looks at, for each two classes, and the least
#: eigenvalue of their second moments: rounding makes 1e-15 of 0.
RANK_ROWS, FULL_RANK = 4, 1e-10
#: What counts as zero, relative to the largest move of a pair. Moves are relative to the length of
#: the row; in float64 they are off by 1e-15, and HiGHS keeps its constraints to 1e-10 absolutely.
#: So classes that overlap by a millionth of a deviation overlap.
LEVEL = 1e-8
#: The least that a direction with entries up to 1 must move some pair by. Columns that depend on
#: each other up to rounding have combinations that are noise of 1e-16 in each row.
LEAST_MOVE = 1e-10
BLOCK_ENTRIES = 2**18  # of the rows that a pass looks at together: 2 MB stay in the cache


def targets_of_rows(targets: _kernels.Targets, rows: slice | np.ndarray) -> _kernels.Targets:
    """What some rows should be."""
    (array,) = targets
    return type(targets)(np.ascontiguousarray(array[..., rows]))


class PairRows(NamedTuple):
    """Rows whose pairs are looked at, and their probabilities where a fit has ended."""

    rows_at: RowsAt
    targets: _kernels.Targets
    weight: np.ndarray  # (n,)
    probabilities: np.ndarray  # (n_outputs, n)

    def subset(self, indices: np.ndarray) -> "PairRows":
        """Some of them, in memory of their own."""
        return PairRows(
            self.rows_at(indices).__getitem__,
            targets_of_rows(self.targets, indices),
            self.weight[indices],
            self.probabilities[:, indices].copy(),
        )

    @classmethod
    def joined(cls, parts: "Sequence[PairRows]") -> "PairRows":
        """All rows of several of these."""
        rows = np.concatenate([part.rows_at(np.arange(len(part.weight))) for part in parts])
        array = np.concatenate([part.targets[0] for part in parts], axis=-1)
        return cls(
            rows.__getitem__,
            type(parts[0].targets)(array),
            np.concatenate([part.weight for part in parts]),
            np.concatenate([part.probabilities for part in parts], axis=1),
        )


class Moves(NamedTuple):
    """How the pairs move along a direction, relative to the lengths of the rows.

    `moved` (n, K) says which move by more than nothing; `violated` are flat indices of pairs that
    move as they must not, and `by` how much.
    """

    moved: np.ndarray
    largest: float
    violated: np.ndarray
    by: np.ndarray
    all_moved: bool


class Pairs:
    """The rows with weight and their pairs of classes (own, other), numbered row * K + other."""

    def __init__(
        self,
        rows_at: RowsAt,
        targets: _kernels.Targets,
        weight: np.ndarray,
        probabilities: np.ndarray,
        intercept: bool,
    ) -> None:
        self.rows_at, self.intercept = rows_at, intercept
        self.indices = np.flatnonzero(weight > 0)
        self.weight, self.probabilities = weight, probabilities
        self.binary = len(probabilities) == 1
        self.n_classes = 2 if self.binary else len(probabilities)
        self.n_columns = rows_at(self.indices[:1]).shape[1]
        self.n_variables = len(probabilities) * self.n_columns
        self.own, self.mass = self._read(targets)

    def _read(self, targets: _kernels.Targets) -> tuple[np.ndarray, np.ndarray]:
        """The first class with mass of each row, and a mask (n, K) of the classes with mass."""
        if isinstance(targets, _kernels.Labels):
            own = targets.codes[self.indices].astype(np.intp)
            return own, own[:, None] == np.arange(self.n_classes)
        probabilities = targets.probabilities
        if isinstance(targets, _kernels.BinaryTargets):
            probabilities = np.stack([1 - probabilities, probabilities])
        mass = probabilities[:, self.indices].T > 0
        return mass.argmax(axis=1), mass

    def of_classes(self, direction: np.ndarray) -> np.ndarray:
        """A row for each class, that of the first of two being 0."""
        return np.vstack([np.zeros_like(direction), direction]) if self.binary else direction

    def of_outputs(self, of_classes: np.ndarray) -> np.ndarray:
        """The inverse, for sums over pairs too."""
        return of_classes[1:] if self.binary else of_classes

    def blocks(self, *, unit: bool = True) -> Iterator[tuple[slice, np.ndarray]]:
        """The rows in parts, as they are or each of length 1 (0 where all entries are 0)."""
        size = max(1, BLOCK_ENTRIES // (self.n_columns + self.n_classes))
        for start in range(0, len(self.indices), size):
            part = slice(start, min(start + size, len(self.indices)))
            yield part, self._unit_rows(part) if unit else self.rows_at(self.indices[part])

    def _unit_rows(self, part: slice | np.ndarray) -> np.ndarray:
        rows = self.rows_at(self.indices[part])
        norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        return rows / np.where(norms > 0, norms, 1.0)[:, None]

    @property
    def free(self) -> np.ndarray:
        """The pairs (n, K) that may move: the classes without mass."""
        return ~self.mass

    def goal(self, pairs: np.ndarray) -> np.ndarray:
        """The mean of d_own - d_other over the pairs of a mask (n, K), as a linear form."""
        total = np.zeros((self.n_classes, self.n_columns))
        for part, rows in self.blocks():
            signs = -pairs[part].astype(np.float64)
            signs[np.arange(len(rows)), self.own[part]] += pairs[part].sum(axis=1)
            total += signs.T @ rows
        return self.of_outputs(total / max(1, int(pairs.sum())))

    def changes(self, direction: np.ndarray, *, unit: bool = False) -> np.ndarray:
        """d_own - d_other of every pair (n, K), or relative to the length of the row."""
        of_classes = self.of_classes(direction)
        change = np.empty(self.mass.shape)
        for part, rows in self.blocks(unit=unit):
            logits = rows @ of_classes.T
            change[part] = logits[np.arange(len(rows)), self.own[part]][:, None] - logits
        return change

    def moves(self, direction: np.ndarray) -> Moves:
        """How every pair moves."""
        move = self.changes(direction, unit=True)
        largest = float(move.max(where=self.free, initial=0.0))
        level = LEVEL * largest
        moved = self.free & (move > level)
        wrong = np.where(self.free, -move, np.abs(move)).ravel()
        violated = np.flatnonzero(wrong > level)
        return Moves(
            moved,
            largest,
            violated,
            wrong[violated],
            bool((moved | self.mass).all()),
        )

    def separates(self, direction: np.ndarray) -> bool:
        """Whether the direction moves some pair, and none as it must not."""
        moves = self.moves(direction)
        return is_large(moves, direction) and not len(moves.violated)

    def hardest(self, most: int) -> np.ndarray:
        """Pairs to begin with: half the likeliest mistakes of all, half of each pair of classes.

        At an optimum the probabilities of the mistakes, times the weights, are the multipliers
        that prove it one, so that the largest prove it nearly.
        """
        score = self.mistakes()
        rows = np.arange(len(score))
        score[rows, self.own] = -np.inf
        every = np.flatnonzero(np.isfinite(score))
        score = score.ravel()[every]
        likeliest = every[_largest(score, most // 2)]
        return np.union1d(likeliest, self.spread(every, score, most // 2))

    def mistakes(self) -> np.ndarray:
        """Weight times probability of each class in each row, (n, K)."""
        p = self.probabilities[:, self.indices].T.astype(np.float64)
        p = np.column_stack([1 - p, p]) if self.binary else p
        return p * self.weight[self.indices][:, None]

    def with_pair(self, pairs: np.ndarray, one: int, other: int) -> np.ndarray:
        """The rows (n,) with a pair of the two classes among those of a mask (n, K)."""
        return ((self.own == one) & pairs[:, other]) | ((self.own == other) & pairs[:, one])

    def full_rank(self, here: np.ndarray) -> bool:
        """Whether some of the rows of a mask (n,) have rank n_columns."""
        found = np.flatnonzero(here)
        if len(found) < self.n_columns:
            return False
        most = RANK_ROWS * self.n_columns
        rows = self._unit_rows(found[:: max(1, len(found) // most)])
        moments = rows.T @ rows
        moments[np.diag_indices(len(moments))] -= FULL_RANK * len(rows)
        return not dpotrf(moments)[1]

    def spread(self, pairs: np.ndarray, score: np.ndarray, most: int) -> np.ndarray:
        """Of the given pairs those of the largest score, as many of each two classes."""
        quota = max(4, most // (self.n_classes * (self.n_classes - 1)))
        kind = self.own[pairs // self.n_classes] * self.n_classes + pairs % self.n_classes
        order = np.lexsort((-score, kind))
        starts = np.searchsorted(kind[order], np.arange(self.n_classes**2))
        rank = np.arange(len(order)) - starts[kind[order]]
        return pairs[order[rank < quota]]

    def constraints(self, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The moves of the pairs as linear forms, (pairs, n_variables), and which must be 0."""
        rows, others = np.divmod(pairs, self.n_classes)
        unit, at = self._unit_rows(rows), np.arange(len(pairs))
        forms = np.zeros((len(pairs), self.n_classes, self.n_columns))
        forms[at, self.own[rows]] += unit
        forms[at, others] -= unit
        forms = forms[:, 1:] if self.binary else forms
        return forms.reshape(len(pairs), -1), self.mass[rows, others]


def is_large(moves: Moves, direction: np.ndarray) -> bool:
    """Whether a direction moves some pair by more than rounding."""
    return bool(moves.largest > LEAST_MOVE * np.abs(direction).max())


def _largest(score: np.ndarray, most: int) -> np.ndarray:
    """Where the largest entries are, in no order."""
    if len(score) <= most:
        return np.arange(len(score))
    return np.argpartition(-score, most)[:most]
