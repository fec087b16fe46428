"""The probabilities of the rows at one point, in memory that all points of a data term share."""

import weakref

import numpy as np


class SharedProbabilities:
    """Memory for probabilities (n_outputs, n): those of the point that has taken it last.

    A point that has lost it makes its probabilities again, by a pass over the rows. That is rare:
    after a step that was rejected, and only where products with the Hessian go over the rows. A
    second array would save that pass, but its first touch took 1.5 of 42 ms in a fit of letter
    (10,000 rows, 26 classes), as much as two passes.
    """

    def __init__(self, size: int, dtype: np.dtype) -> None:
        self._memory = np.empty(size, dtype)
        self._holder: weakref.ref | None = None
        self.takes = 0  # how often it has been left to a point

    def array(self, n_outputs: int, n_rows: int) -> np.ndarray:
        """The memory as an array of this shape."""
        return self._memory[: n_outputs * n_rows].reshape(n_outputs, n_rows)

    def held_by(self, point: object) -> bool:
        """Whether what a point has put there is there still."""
        return self._holder is not None and self._holder() is point

    def take(self, point: object) -> None:
        """Leave the memory to a point, which fills it."""
        self._holder, self.takes = weakref.ref(point), self.takes + 1
