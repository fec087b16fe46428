"""The minimum of a quadratic model plus absolute values, by sweeps over columns and extrapolation.

For models of so many coefficients that their Hessian is dear.
"""

import numpy as np

from skmax._solvers.protocol import ColumnModel

#: Sweeps of a model, mostly, and the most. A Hessian that takes as long as so few is formed.
FEWEST_SWEEPS, MOST_SWEEPS = 10, 500
#: Sweeps from whose moves the next start is extrapolated. Of near copies of a column one takes over
#: from another by a few hundredths of what is left a sweep, or by the same each time until it comes
#: to 0; an extrapolation sees that.
MEMORY = 5
#: A sweep's moves over the largest one's that end the sweeps. What they leave the next step finds.
MODEL_TOL = 3e-2
RIDGE = 1e-10  # of the moves' products, relative to their trace: they may depend on each other


def minimum_by_sweeps(
    model: ColumnModel, enough: float, most_sweeps: float
) -> tuple[ColumnModel, bool]:
    """The model at its minimum, and whether it is there.

    As near as sweeps come that move by no more than `enough`, squared and in the diagonal's norm.

    Q. Bertrand, M. Massias, Anderson acceleration of coordinate descent, AISTATS 2021.
    """
    largest, iterates = 0.0, [model.coef.copy()]
    for _ in range(int(min(most_sweeps, MOST_SWEEPS))):
        moved = model.sweep()
        largest = max(largest, moved)
        if moved <= max(enough, MODEL_TOL**2 * largest):
            return model, True
        iterates.append(model.coef.copy())
        if len(iterates) > MEMORY:
            model = model.towards(extrapolated(np.array(iterates)))
            iterates = [model.coef.copy()]
    return model, False


def extrapolated(iterates: np.ndarray) -> np.ndarray:
    """Where iterates (k, m) lead: the mean of them, by weights whose mean of the moves is least."""
    moves = np.diff(iterates, axis=0)
    products = moves @ moves.T
    size = float(np.trace(products))
    if size == 0:
        return iterates[-1]
    products.flat[:: len(products) + 1] += RIDGE * size
    weights = np.linalg.solve(products, np.ones(len(products)))
    return weights @ iterates[1:] / weights.sum()
