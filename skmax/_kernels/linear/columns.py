"""The quadratic model of a softmax by the columns of a sparse X: no matrix of its coefficients.

A model has a coefficient for each of m pairs of a class and a column, class by class. What they
change the logits by is kept, (K, n), and beside it the mean of that over the classes, (n,), by the
probabilities: so a coefficient's slope, and its step, take a loop over the entries of its column.

Each column is centred by the rows' curvature for its class, `centre` (m,), so that its step leaves
the slope of the class's intercept as it is: without it the two go back and forth.
"""

from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.tile import fill


@jit
def column_curvature(columns, curvature, diagonal, slope_of_one):
    """The second derivatives of the model, (m,), and those with the intercept of the class.

    Both before the columns are centred; that of an intercept is the sum of the rows' curvature.
    """
    probabilities, weighted = curvature
    data, indices, indptr, place, ends, _ = columns
    for k in range(probabilities.shape[0]):
        p, q = probabilities[k], weighted[k]
        for c in range(ends[k], ends[k + 1]):
            j, square, cross = place[c], 0.0, 0.0
            if j < 0:
                for i in range(p.size):
                    square += q[i] * (1 - p[i])
                cross = square
            else:
                for entry in range(indptr[j], indptr[j + 1]):
                    i, x = indices[entry], data[entry]
                    product = x * (q[i] * (1 - p[i]))
                    cross += product
                    square += x * product
            diagonal[c], slope_of_one[c] = square, cross


@jit
def sweep_columns(columns, curvature, change, terms, coef):
    """One sweep of coordinate descent; the squared moves, in the norm of the diagonal.

    Each coefficient in turn goes to the minimum of slope.(u - start) + (u - start)'H(u - start) / 2
    + sum ridge (u - start)^2 / 2 + thresholds |u|, between `low` and `high`. `change` follows.

    What an intercept, and the centres of a class's columns, add to its logits is one number until
    the class is done.
    """
    probabilities, weighted = curvature
    data, indices, indptr, place, ends, centre = columns
    logits, mean = change
    start, slope, diagonal, slope_of_one, ridge, thresholds, low, high = terms
    n_rows, moved = mean.size, 0.0
    for k in range(probabilities.shape[0]):
        p, q, z = probabilities[k], weighted[k], logits[k]
        slope_of_all = 0.0
        for i in range(n_rows):
            slope_of_all += q[i] * (z[i] - mean[i])
        shift, last = 0.0, ends[k + 1] - 1
        if last >= ends[k] and place[last] < 0 and diagonal[last] > 0:
            shift = -(slope_of_all + slope[last]) / diagonal[last]
            moved += diagonal[last] * shift**2
            coef[last] += shift
            slope_of_all += shift * diagonal[last]
        for c in range(ends[k], ends[k + 1]):
            j, bend = place[c], diagonal[c] + ridge[c]
            if j < 0 or bend <= 0:
                continue
            here = slope[c] + ridge[c] * (coef[c] - start[c])
            here += shift * slope_of_one[c] - centre[c] * slope_of_all
            for entry in range(indptr[j], indptr[j + 1]):
                i = indices[entry]
                here += data[entry] * (q[i] * (z[i] - mean[i]))
            aim, threshold = coef[c] - here / bend, thresholds[c] / bend
            if aim > threshold:
                new = aim - threshold
            elif aim < -threshold:
                new = aim + threshold
            else:
                new = 0.0
            new = min(max(new, low[c]), high[c])
            step = new - coef[c]
            if step == 0:
                continue
            coef[c] = new
            moved += bend * step**2
            shift -= step * centre[c]
            for entry in range(indptr[j], indptr[j + 1]):
                i, move = indices[entry], step * data[entry]
                z[i] += move
                mean[i] += move * p[i]
        for i in range(n_rows):
            z[i] += shift
            mean[i] += shift * p[i]
    return moved


@jit
def change_of_columns(columns, curvature, direction, change):
    """What a direction (m,) changes the logits by, and the mean of that."""
    probabilities, _ = curvature
    data, indices, indptr, place, ends, centre = columns
    logits, mean = change
    fill(mean, 0.0)
    for k in range(probabilities.shape[0]):
        p, z, shift = probabilities[k], logits[k], 0.0
        fill(z, 0.0)
        for c in range(ends[k], ends[k + 1]):
            j, step = place[c], direction[c]
            if j < 0:
                shift += step
            elif step != 0:
                shift -= step * centre[c]
                for entry in range(indptr[j], indptr[j + 1]):
                    z[indices[entry]] += step * data[entry]
        for i in range(mean.size):
            z[i] += shift
            mean[i] += p[i] * z[i]


@jit
def slope_of_columns(columns, curvature, change, out):
    """The Hessian of the data term times what has led to a change of the logits: out (m,)."""
    _, weighted = curvature
    data, indices, indptr, place, ends, centre = columns
    logits, mean = change
    for k in range(weighted.shape[0]):
        q, z, slope_of_all = weighted[k], logits[k], 0.0
        for i in range(mean.size):
            slope_of_all += q[i] * (z[i] - mean[i])
        for c in range(ends[k], ends[k + 1]):
            j = place[c]
            if j < 0:
                out[c] = slope_of_all
                continue
            total = -centre[c] * slope_of_all
            for entry in range(indptr[j], indptr[j + 1]):
                i = indices[entry]
                total += data[entry] * (q[i] * (z[i] - mean[i]))
            out[c] = total
