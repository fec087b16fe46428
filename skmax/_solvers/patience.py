"""When a method makes so little progress that another one should be tried."""

import numpy as np

#: Iterations before a method can be slow, and how many in a row it has to look so. Of fits at C = 1
#: and 1e4 on ten real sets the longest with Newton's method first took 45.
PATIENCE, STEADY = 100, 50
#: Times the passes spent, those still to go of a slow method. On nearly separable data of 32
#: classes fits by newton-cg that converged looked so for 42 iterations in a row at most, those by
#: L-BFGS, which took two to four times the passes of newton-cg, for 42 to 346.
SLOW = 5


class Progress:
    """The values of a method after each iteration, and the passes that were spent by then.

    A first method is slow where it has several times as far to go as it has come. One that has
    taken over from a slow `rival` may spend as much, of passes or of iterations, and must then have
    less far to go.
    """

    def __init__(
        self,
        value: float,
        spent: float,
        rival: "Progress | None" = None,
        patience: float = PATIENCE,
    ) -> None:
        self.values, self.spent = [value], [spent]
        self.rival, self.patience = rival, patience
        self.to_go, self.n_slow = np.inf, 0

    def add(self, value: float, spent: float, tol: float) -> bool:
        """Look at an iteration; whether another method should go on."""
        self.values.append(value)
        self.spent.append(spent)
        if self.rival is None and self.n_iter <= self.patience - STEADY:
            return False
        self.to_go = self.passes_to_go(tol)
        limit = SLOW * self.passes if self.rival is None else self.rival.to_go
        self.n_slow = self.n_slow + 1 if self.to_go > limit else 0
        if self.rival is None:
            tried = self.n_iter >= self.patience
        else:
            tried = self.passes >= self.rival.passes or self.n_iter >= self.rival.n_iter
        return tried and self.n_slow >= STEADY

    @property
    def n_iter(self) -> int:
        """Iterations so far."""
        return len(self.values) - 1

    @property
    def passes(self) -> float:
        """Passes so far."""
        return self.spent[-1] - self.spent[0]

    def passes_to_go(self, tol: float) -> float:
        """How many more bring the relative gap down to tol, at the rate of the last two thirds.

        The decreases of the second and of the last third of the iterations are taken for terms of a
        geometric series (Aitken's extrapolation): what is left of it is the gap. The estimate that
        a method makes of its gap is no help here: where a model is wrong, so is what it promises.
        """
        third = self.n_iter // 3
        before, middle, now = self.values[-1 - 2 * third], self.values[-1 - third], self.values[-1]
        if not before > middle > now:
            return np.inf
        if now <= 0:
            return 0.0
        rate, third_of_passes = (middle - now) / (before - middle), self._passes_since(third)
        if rate >= 1:  # no worse than straight down to 0
            return float(now / (middle - now) * third_of_passes)
        gap = min((middle - now) / now * rate / (1 - rate), 1.0)
        return float(np.log(max(gap / tol, 1.0)) / -np.log(rate) * third_of_passes)

    def _passes_since(self, n_iter: int) -> float:
        """Those of the last iterations."""
        return self.spent[-1] - self.spent[-1 - n_iter]
