"""Coordinate descent on a quadratic model with an absolute value for each coordinate."""

from skmax._kernels.compiling.jit import jit


@jit
def minimise_model(hessian, thresholds, low, high, coef, slope, enough, tol, most_sweeps):
    """The minimum over u of slope.(u - coef) + (u - coef)'H(u - coef) / 2 + sum thresholds |u|.

    Each u lies in a range of its own, from `low` to `high` (m,), which holds its `coef`.
    `coef` (m,) becomes u, and `slope` (m,) the gradient of the quadratic there. Coordinates are
    gone through in turn, until a sweep moves them by `tol` times as much as the largest one did, or
    by `enough`, squared and in the norm of the diagonal. The number of sweeps.

    J. Friedman, T. Hastie, R. Tibshirani, J. Stat. Softw. 33, 2010.
    """
    largest, sweep = 0.0, 0
    while sweep < most_sweeps:
        sweep += 1
        moved = 0.0
        for i in range(coef.size):
            row = hessian[i]
            curvature = row[i]
            if curvature <= 0:
                continue
            aim = coef[i] - slope[i] / curvature
            threshold = thresholds[i] / curvature
            if aim > threshold:
                new = aim - threshold
            elif aim < -threshold:
                new = aim + threshold
            else:
                new = 0.0
            new = min(max(new, low[i]), high[i])
            step = new - coef[i]
            if step != 0:
                coef[i] = new
                for j in range(coef.size):
                    slope[j] += step * row[j]
                moved += curvature * step * step
        largest = max(largest, moved)
        if moved <= max(enough, tol**2 * largest):
            break
    return sweep
