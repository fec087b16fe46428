"""The naive reference of every kernel, and of the objective: plain formulas in long double.

They return what the kernels write into their arguments. Rows (n, K) or class-major blocks (K, m),
as the kernels have them.
"""

import itertools
import math

import numpy as np

WIDE = np.longdouble
#: Whether long double has digits to spare: not on every platform.
WIDE_IS_WIDER = bool(np.finfo(WIDE).eps < np.finfo(np.float64).eps)


def ulp_error(actual, exact):
    """The distance in units of the last place of `exact`, rounded to the dtype of `actual`.

    0 where both are NaN or the same infinity, NaN where only one is.
    """
    actual, exact = np.asarray(actual), np.asarray(exact, WIDE)
    with np.errstate(all="ignore"):
        rounded = exact.astype(actual.dtype)
        error = np.abs(actual.astype(WIDE) - exact) / np.spacing(np.abs(rounded))
    same = (actual == rounded) & ~np.isfinite(rounded) | np.isnan(actual) & np.isnan(rounded)
    return np.where(same, 0.0, error).astype(np.float64)


def exp(x):
    return np.exp(np.asarray(x, WIDE))


def log1p(x):
    return np.log1p(np.asarray(x, WIDE))


# Rows


def softmax_rows(logits):
    z = np.asarray(logits, WIDE)
    with np.errstate(all="ignore"):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)


def _log_sum(row):
    """The maximum and log(sum(exp(z - max))) of one row."""
    top = int(np.argmax(row))
    with np.errstate(all="ignore"):
        e = np.exp(row - row[top])
        # At the maximum e is 1, which log1p adds; or NaN, which must be kept.
        return row[top], np.log1p(np.delete(e, top).sum() + (e[top] - 1))


def log_softmax_rows(logits):
    result = np.empty(logits.shape, WIDE)
    for i, row in enumerate(np.asarray(logits, WIDE)):
        top, log_sum = _log_sum(row)
        with np.errstate(all="ignore"):
            result[i] = (row - top) - log_sum
    return result


def logsumexp_rows(logits):
    """As the kernel has it: NaN where the maximum is infinite."""
    result = np.empty(len(logits), WIDE)
    for i, row in enumerate(np.asarray(logits, WIDE)):
        top, log_sum = _log_sum(row)
        result[i] = top + log_sum
    return result


def sigmoid(logits):
    z = np.asarray(logits, WIDE)
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1 + (e - e)) / (1 + e)


# Class-major blocks


def cross_entropy_labels(logits, labels):
    """Losses (m,) and probabilities (K, m)."""
    log_p = log_softmax_rows(logits.T)
    losses = np.array([-log_p[i, label] for i, label in enumerate(labels)], WIDE)
    return losses, softmax_rows(logits.T).T


def cross_entropy_targets(logits, targets):
    """Losses (m,) and probabilities (K, m)."""
    log_p = log_softmax_rows(logits.T)
    losses = np.zeros(logits.shape[1], WIDE)
    for i in range(logits.shape[1]):
        for k in range(logits.shape[0]):
            if targets[k, i] != 0 or np.isnan(log_p[i, k]):
                losses[i] -= WIDE(targets[k, i]) * log_p[i, k]
    return losses, softmax_rows(logits.T).T


def cross_entropy_binary(logits, targets):
    """Losses (m,) and probabilities (1, m) of class 1."""
    two = np.vstack([np.zeros_like(logits), logits])
    losses, p = cross_entropy_targets(two, np.vstack([1 - targets.astype(WIDE), targets]))
    return losses, p[1:]


def residual_labels(probabilities, labels, weight):
    one_hot = np.zeros(probabilities.shape, WIDE)
    for i, label in enumerate(labels):
        one_hot[label, i] = 1
    return weight.astype(WIDE) * (probabilities - one_hot)


def residual_targets(probabilities, targets, mass, weight):
    return weight.astype(WIDE) * (mass.astype(WIDE) * probabilities - targets)


def curvature_softmax(probabilities, direction, weight):
    """Each sample's diag(p) - p p' times its direction."""
    result = np.empty(probabilities.shape, WIDE)
    for i in range(probabilities.shape[1]):
        p = probabilities[:, i].astype(WIDE)
        result[:, i] = weight[i] * ((np.diag(p) - np.outer(p, p)) @ direction[:, i].astype(WIDE))
    return result


def curvature_binary(probabilities, direction, weight):
    p = probabilities.astype(WIDE)
    return weight * p * (1 - p) * direction


# CSR


def dense(data, indices, indptr, n_columns):
    """The matrix in full; entries given twice are summed."""
    X = np.zeros((len(indptr) - 1, n_columns), WIDE)
    for i in range(len(indptr) - 1):
        for at in range(indptr[i], indptr[i + 1]):
            X[i, indices[at]] += data[at]
    return X


def csr_logits(data, indices, indptr, start, stop, coef):
    """(K, stop - start) from coef (p, K)."""
    X = dense(data, indices, indptr, len(coef))
    return (X[start:stop] @ coef.astype(WIDE)).T


def csr_gradient(data, indices, indptr, start, stop, residual, n_columns):
    """(p, K) from residual (K, stop - start)."""
    X = dense(data, indices, indptr, n_columns)
    return X[start:stop].T @ residual.T.astype(WIDE)


def csr_column_means(data, indices, indptr, weight, n_columns):
    """Weighted sums, weights, extremes and numbers of each column's entries in rows of weight."""
    entries = [
        (indices[at], WIDE(weight[i]), WIDE(data[at]))
        for i in range(len(indptr) - 1)
        for at in range(indptr[i], indptr[i + 1])
        if weight[i] > 0
    ]
    columns = [[(w, x) for j, w, x in entries if j == column] for column in range(n_columns)]
    return (
        np.array([sum((w * x for w, x in column), WIDE(0)) for column in columns]),
        np.array([sum((w for w, _ in column), WIDE(0)) for column in columns]),
        np.array([min((x for _, x in column), default=np.inf) for column in columns]),
        np.array([max((x for _, x in column), default=-np.inf) for column in columns]),
        np.array([len(column) for column in columns]),
    )


def csr_column_squares(data, indices, indptr, weight, shift):
    """Weighted sums of the squared distances of each column's entries from its shift."""
    second = np.zeros(len(shift), WIDE)
    for i in range(len(indptr) - 1):
        for at in range(indptr[i], indptr[i + 1]):
            second[indices[at]] += WIDE(weight[i]) * (WIDE(data[at]) - shift[indices[at]]) ** 2
    return second


# The objective: weights (K, p) and intercepts (K,), or one row of each for two classes;
# targets (n, 2) or (n, K), non-negative, of any row sums.


def _logits(weights, intercepts, X):
    """(n, K), with a 0 for the first of two classes."""
    z = np.asarray(X, WIDE) @ np.asarray(weights, WIDE).T + np.asarray(intercepts, WIDE)
    return np.hstack([np.zeros_like(z), z]) if z.shape[1] == 1 else z


def _row_weights(targets, sample_weight):
    """The weight s_i sum_k t_ik of each row, over its total, and the normalised targets."""
    targets = np.asarray(targets, WIDE)
    sums = targets.sum(axis=1)
    weight = np.asarray(sample_weight, WIDE) * sums
    return weight / weight.sum(), weight.sum(), targets / sums[:, None]


def objective_value(weights, intercepts, X, targets, sample_weight, C):
    """(1/S) sum_i s_i CE(t_i, softmax(W x_i + b)) + |W|^2 / (2 C S)."""
    weight, total, targets = _row_weights(targets, sample_weight)
    log_p = log_softmax_rows(_logits(weights, intercepts, X))
    loss = -np.sum(weight[:, None] * targets * log_p)
    return float(loss + np.sum(np.asarray(weights, WIDE) ** 2) / (2 * WIDE(C) * total))


def objective_gradient(weights, intercepts, X, targets, sample_weight, C):
    """(K, p + 1), or (1, p + 1) for two classes; the last column is that of the intercepts."""
    weight, total, targets = _row_weights(targets, sample_weight)
    p = softmax_rows(_logits(weights, intercepts, X))
    residual = weight[:, None] * (p - targets)
    if len(weights) == 1:
        residual = residual[:, 1:]
    gradient = residual.T @ np.asarray(X, WIDE) + np.asarray(weights, WIDE) / (WIDE(C) * total)
    return np.column_stack([gradient, residual.sum(axis=0)]).astype(np.float64)


def objective_hessian(weights, intercepts, X, targets, sample_weight, C):
    """(K (p + 1), K (p + 1)), class by class, the intercept last in each; K = 1 for two classes."""
    weight, total, _ = _row_weights(targets, sample_weight)
    p = softmax_rows(_logits(weights, intercepts, X))
    if len(weights) == 1:
        p = p[:, 1:]
    n_outputs, width = len(weights), np.shape(X)[1] + 1
    hessian = np.zeros((n_outputs * width, n_outputs * width), WIDE)
    for i, x in enumerate(np.asarray(X, WIDE)):
        x = np.append(x, WIDE(1))
        for k in range(n_outputs):
            for j in range(n_outputs):
                curvature = weight[i] * p[i, k] * ((k == j) - p[i, j])
                block = np.s_[k * width : (k + 1) * width, j * width : (j + 1) * width]
                hessian[block] += curvature * np.outer(x, x)
    penalty = np.append(np.full(width - 1, 1 / (WIDE(C) * total)), 0)
    hessian[np.diag_indices(len(hessian))] += np.tile(penalty, n_outputs)
    return hessian.astype(np.float64)


def objective_hessian_product(weights, intercepts, X, targets, sample_weight, C, direction):
    """The Hessian times a direction of the gradient's shape."""
    hessian = objective_hessian(weights, intercepts, X, targets, sample_weight, C)
    return (hessian @ np.ravel(direction)).reshape(np.shape(direction))


# Networks: layers are pairs of weights (n_in, n_out) and biases (n_out,)


def activation(name, z):
    """The value and the slope of an activation."""
    z = np.asarray(z, WIDE)
    if name == "identity":
        return z, np.ones_like(z)
    if name in ("relu", "leaky_relu"):
        slope = np.where(z > 0, WIDE(1), WIDE(0.01) if name == "leaky_relu" else WIDE(0))
        return slope * z, slope
    if name == "tanh":
        return np.tanh(z), 1 - np.tanh(z) ** 2
    if name == "gelu":
        below = np.vectorize(lambda u: WIDE(math.erfc(-u / math.sqrt(2)) / 2))(z.astype(float))
        density = np.exp(-z * z / 2) / np.sqrt(2 * WIDE(np.pi))
        return z * below, below + z * density
    p = sigmoid(z)
    if name == "logistic":
        return p, p * (1 - p)
    return z * p, p + z * p * (1 - p)  # silu


def network_forward(layers, X, name, masks=None):
    """What goes into each layer, and the logits last; the slopes of each hidden layer."""
    values, slopes = [np.asarray(X, WIDE)], []
    for index, (weights, bias) in enumerate(layers):
        z = values[-1] @ weights.astype(WIDE) + bias.astype(WIDE)
        if index < len(layers) - 1:
            z, slope = activation(name, z)
            if masks is not None:
                z, slope = z * masks[index], slope * masks[index]
            slopes.append(slope)
        values.append(z)
    return values, slopes


def network_losses(logits, targets, multilabel=False):
    """Losses (n,) and what they change by with the logits, (n, K), for targets (n, K)."""
    targets = np.asarray(targets, WIDE)
    if multilabel or logits.shape[1] == 1:
        p = sigmoid(logits)
        each = np.logaddexp(0, logits) - targets * logits
        return each.sum(axis=1), p - targets
    p = softmax_rows(logits)
    losses = -(targets * log_softmax_rows(logits)).sum(axis=1)
    return losses, targets.sum(axis=1, keepdims=True) * p - targets


def network_gradient(layers, X, targets, weight, name, *, multilabel=False, masks=None):
    """The weighted sum of the losses and its gradient by each layer."""
    values, slopes = network_forward(layers, X, name, masks)
    losses, delta = network_losses(values[-1], targets, multilabel)
    weight = np.asarray(weight, WIDE)
    delta = weight[:, None] * delta
    gradients = []
    for index in range(len(layers) - 1, -1, -1):
        gradients.insert(0, (values[index].T @ delta, delta.sum(axis=0)))
        if index:
            delta = (delta @ layers[index][0].astype(WIDE).T) * slopes[index - 1]
    return weight @ losses, gradients


# A model with absolute values


def minimise_model(hessian, thresholds, coef, slope, n_sweeps):
    """The coefficients, and the slope there, after sweeps of coordinate descent."""
    coef, start = coef.astype(WIDE), coef.astype(WIDE)
    for _ in range(n_sweeps):
        for i in range(len(coef)):
            slope_here = slope[i] + hessian[i].astype(WIDE) @ (coef - start)
            aim = coef[i] - slope_here / hessian[i, i]
            size = max(abs(aim) - thresholds[i] / hessian[i, i], 0)
            coef[i] = np.sign(aim) * size
    return coef, slope + hessian.astype(WIDE) @ (coef - start)


def columns_of_coefs(columns, curvature, centred=True):
    """The column of each coefficient (m, n), and which class it belongs to (m,)."""
    n_outputs, n_rows = curvature.probabilities.shape
    dense = np.zeros((len(columns.place), n_rows), WIDE)
    for c, j in enumerate(columns.place):
        if j < 0:
            dense[c] = 1
            continue
        for entry in range(columns.indptr[j], columns.indptr[j + 1]):
            dense[c, columns.indices[entry]] += columns.data[entry]
        if centred:
            dense[c] -= columns.centre[c]
    return dense, np.repeat(np.arange(n_outputs), np.diff(columns.ends))


def column_curvature(columns, curvature):
    """The sums of q (1 - p) x^2 and of q (1 - p) x over the rows, x not centred."""
    x, outputs = columns_of_coefs(columns, curvature, centred=False)
    bends = (curvature.weighted * (1 - curvature.probabilities.astype(WIDE)))[outputs]
    return (bends * x**2).sum(axis=1), (bends * x).sum(axis=1)


def column_hessian(columns, curvature):
    """The Hessian (m, m) of the data term."""
    x, outputs = columns_of_coefs(columns, curvature)
    p, q = (array.astype(WIDE)[outputs] for array in curvature)
    same = outputs[:, None] == outputs
    return (q * x) @ x.T * same - (q * x) @ (p * x).T


def change_of_columns(columns, curvature, direction):
    """The logits (K, n) of a direction, and their mean by the probabilities."""
    x, outputs = columns_of_coefs(columns, curvature)
    logits = np.zeros(curvature.probabilities.shape, WIDE)
    np.add.at(logits, outputs, direction[:, None] * x)
    return logits, (curvature.probabilities * logits).sum(axis=0)


def sweep_columns(columns, curvature, terms, coef):
    """The coefficients after a sweep, the intercept of each class first, and the squared moves."""
    coef, moved, hessian = coef.astype(WIDE), WIDE(0), column_hessian(columns, curvature)
    for first, last in itertools.pairwise(columns.ends):
        order = range(first, last)
        for c in sorted(order, key=lambda c: columns.place[c] >= 0):
            bend = terms.diagonal[c] + terms.ridge[c]
            if bend <= 0:
                continue
            away = coef - terms.start
            aim = coef[c] - (terms.slope[c] + hessian[c] @ away + terms.ridge[c] * away[c]) / bend
            size = max(abs(aim) - terms.thresholds[c] / bend, 0)
            new = np.clip(np.sign(aim) * size, terms.low[c], terms.high[c])
            moved += bend * (new - coef[c]) ** 2
            coef[c] = new
    return coef, moved
