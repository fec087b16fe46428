"""Softmax and cross-entropy on arrays of logits: any axis, any shape, float32 and float64.

Integers, booleans, half precision and lists become float64; float32 stays. Nothing overflows at
finite logits. A slice (one run along `axis`) that holds +inf or NaN gives NaN, as does one of -inf
throughout; -inf among finite logits has probability 0.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from skmax import _kernels
from skmax._error_state import own_error_state

__all__ = [
    "cross_entropy",
    "cross_entropy_with_grad",
    "hardmax",
    "log_softmax",
    "logsumexp",
    "sigmoid",
    "softmax",
]

Reduction = Literal["mean", "sum", "none"]
_BLOCK = 2**16  # logits of one block of the cross-entropy


@own_error_state
def softmax(
    logits: ArrayLike,
    axis: int = -1,
    *,
    temperature: float = 1.0,
    out: np.ndarray | None = None,
) -> np.ndarray:
    r"""Turn logits into probabilities along an axis.

    .. math:: p_k = \frac{\exp(z_k / T)}{\sum_j \exp(z_j / T)}

    Parameters
    ----------
    logits : array_like of any shape
        Raw scores :math:`z`.
    axis : int, default=-1
        The axis of the classes.
    temperature : float, default=1.0
        :math:`T > 0`; above 1 the probabilities move together, below 1 apart. A base :math:`b`
        instead of e is the temperature :math:`1 / \ln b`. It divides the logits after their
        maximum has been subtracted.
    out : ndarray, optional
        Where to put the result: of the shape of `logits` and of the result's dtype; may be
        `logits` itself.

    Returns
    -------
    ndarray of the shape of `logits`
        Probabilities, float32 for float32 and float64 for all else.

    Raises
    ------
    ValueError
        If `axis` is out of range, `temperature` is not positive and finite, or `out` does not fit.

    References
    ----------
    I. Goodfellow, Y. Bengio, A. Courville, Deep Learning, MIT Press 2016, section 4.1 (the maximum
    subtracted).

    Examples
    --------
    >>> from skmax import softmax
    >>> softmax([5, 2, -1, 3]).round(3)
    array([0.842, 0.042, 0.002, 0.114])
    """
    return _along(_kernels.softmax_rows, logits, axis, temperature, out)


@own_error_state
def log_softmax(
    logits: ArrayLike,
    axis: int = -1,
    *,
    temperature: float = 1.0,
    out: np.ndarray | None = None,
) -> np.ndarray:
    r"""Logarithms of the probabilities of :func:`softmax`, without forming these.

    .. math:: \log p_k = (z_k - m) - \mathrm{log1p} \sum_{j \ne \arg\max} \exp(z_j - m),
              \quad m = \max_j z_j

    Parameters
    ----------
    logits : array_like of any shape
        Raw scores :math:`z`.
    axis : int, default=-1
        The axis of the classes.
    temperature : float, default=1.0
        Divides the logits, see :func:`softmax`.
    out : ndarray, optional
        Where to put the result, see :func:`softmax`.

    Returns
    -------
    ndarray of the shape of `logits`
        Log-probabilities; -inf only where the value cannot be represented.

    Raises
    ------
    ValueError
        As :func:`softmax`.

    Examples
    --------
    >>> from skmax import log_softmax
    >>> log_softmax([0.0, 50.0])
    array([-5.00000000e+01, -1.92874985e-22])
    """
    return _along(_kernels.log_softmax_rows, logits, axis, temperature, out)


@own_error_state
def logsumexp(logits: ArrayLike, axis: int = -1) -> np.ndarray:
    r"""Logarithm of the sum of exponentials along an axis.

    .. math:: m + \mathrm{log1p} \sum_{j \ne \arg\max} \exp(z_j - m), \quad m = \max_j z_j

    Parameters
    ----------
    logits : array_like of any shape
        Raw scores :math:`z`.
    axis : int, default=-1
        The axis to sum over.

    Returns
    -------
    ndarray of the shape of `logits` without `axis`
        -inf for a slice of -inf or without entries, inf for one that holds inf, NaN for one that
        holds NaN.

    Raises
    ------
    ValueError
        If `axis` is out of range.

    Examples
    --------
    >>> from skmax import logsumexp
    >>> logsumexp([[1000.0, 1000.0], [0.0, 0.0]]).round(4)
    array([1.0006931e+03, 6.9310000e-01])
    """
    logits = _as_float(logits)
    axis = _check_axis(axis, logits.ndim)
    moved = np.moveaxis(logits, axis, -1)
    result = np.empty(moved.shape[:-1], logits.dtype)
    if moved.shape[-1] == 0:
        result[...] = -np.inf
        return result[()]
    rows = np.ascontiguousarray(moved).reshape(-1, moved.shape[-1])
    flat = result.reshape(-1)
    _kernels.logsumexp_rows(rows, _kernels.rows_workspace(rows.shape[1], rows.dtype), flat)
    undefined = np.isnan(flat)
    if undefined.any():
        # The kernel subtracts the maximum, which must be finite; otherwise it is the answer.
        flat[undefined] = rows[undefined].max(axis=1)
    return result[()]


@own_error_state
def hardmax(logits: ArrayLike, axis: int = -1) -> np.ndarray:
    """1 for the largest logit along an axis and 0 elsewhere.

    What softmax tends to as the temperature goes to 0. Of equal logits the first counts, as in
    `numpy.argmax`.

    Parameters
    ----------
    logits : array_like of any shape
        Raw scores.
    axis : int, default=-1
        The axis of the classes.

    Returns
    -------
    ndarray of the shape of `logits`
        Zeros and ones; NaN throughout a slice that holds NaN.

    Raises
    ------
    ValueError
        If `axis` is out of range.

    Examples
    --------
    >>> from skmax import hardmax
    >>> hardmax([5, 2, -1, 3])
    array([1., 0., 0., 0.])
    """
    logits = _as_float(logits)
    axis = _check_axis(axis, logits.ndim)
    result = np.zeros_like(logits)
    if logits.size == 0:
        return result
    largest = np.expand_dims(np.argmax(logits, axis=axis), axis)
    np.put_along_axis(result, largest, 1.0, axis=axis)
    undefined = np.isnan(logits).any(axis=axis, keepdims=True)
    return np.where(undefined, np.asarray(np.nan, logits.dtype), result)


@own_error_state
def sigmoid(logits: ArrayLike, *, out: np.ndarray | None = None) -> np.ndarray:
    r"""The logistic function :math:`1 / (1 + e^{-z})` of each entry.

    Parameters
    ----------
    logits : array_like of any shape
        Raw scores :math:`z`.
    out : ndarray, optional
        Where to put the result, see :func:`softmax`.

    Returns
    -------
    ndarray of the shape of `logits`
        Numbers in [0, 1], the second of the two probabilities ``softmax([0, z])``.

    Raises
    ------
    ValueError
        If `out` does not fit.

    Examples
    --------
    >>> from skmax import sigmoid
    >>> sigmoid([4, 2, -2]).round(3)
    array([0.982, 0.881, 0.119])
    """
    logits = _as_float(logits)
    _check_out(out, logits)
    result = np.empty(logits.shape, logits.dtype)
    _kernels.sigmoid(np.ascontiguousarray(logits).reshape(-1), result.reshape(-1))
    return _deliver(result, out)


@own_error_state
def cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> Any:
    r"""Cross-entropy between targets and the softmax of logits.

    .. math:: \ell_i = -\sum_k t_{ik} \log \mathrm{softmax}(z_i)_k

    Parameters
    ----------
    logits : array_like of shape (n_samples, n_classes)
        Raw scores :math:`z`.
    targets : array_like of shape (n_samples,) or (n_samples, n_classes)
        Labels, integers in 0..n_classes-1, or non-negative weights :math:`t` of all classes, such
        as probabilities. They are not normalised.
    sample_weight : array_like of shape (n_samples,), optional
        Weight :math:`s_i \ge 0` of each sample; default 1.
    label_smoothing : float, default=0.0
        The part of each sample's target, in [0, 1], that is spread evenly over all classes.
    reduction : {"mean", "sum", "none"}, default="mean"
        :math:`\sum_i s_i \ell_i / \sum_i s_i`, :math:`\sum_i s_i \ell_i`, or each
        :math:`s_i \ell_i`.

    Returns
    -------
    float or ndarray of shape (n_samples,)
        The loss in nats, always float64; NaN for the mean of no samples.

    Raises
    ------
    ValueError
        If shapes do not fit, a label is out of range, a target or weight is negative or not finite,
        or an option is none of those above.

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning, Springer 2006, section 4.3.4;
    C. Szegedy et al., CVPR 2016, section 7 (label smoothing).

    Examples
    --------
    >>> import numpy as np
    >>> from skmax import cross_entropy
    >>> round(cross_entropy(np.log([[0.3, 0.2, 0.1, 0.4]]), [1]), 3)
    1.609
    """
    losses, _ = _cross_entropy(logits, targets, sample_weight, label_smoothing, reduction, False)
    return losses


@own_error_state
def cross_entropy_with_grad(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> tuple[Any, np.ndarray]:
    r"""The loss of :func:`cross_entropy` and its gradient at the logits, in one sweep.

    .. math:: \frac{\partial \ell_i}{\partial z_{ik}}
              = \Big(\sum_j t_{ij}\Big) \mathrm{softmax}(z_i)_k - t_{ik}

    Parameters
    ----------
    logits : array_like of shape (n_samples, n_classes)
        Raw scores :math:`z`.
    targets : array_like of shape (n_samples,) or (n_samples, n_classes)
        Labels or weights of all classes, see :func:`cross_entropy`.
    sample_weight : array_like of shape (n_samples,), optional
        Weight of each sample; default 1.
    label_smoothing : float, default=0.0
        The part of each target that is spread evenly over all classes.
    reduction : {"mean", "sum", "none"}, default="mean"
        As in :func:`cross_entropy`; for "none" the gradient is that of the sum.

    Returns
    -------
    loss : float or ndarray of shape (n_samples,)
        The loss in nats.
    gradient : ndarray of shape (n_samples, n_classes)
        The gradient at the logits, of their dtype.

    Raises
    ------
    ValueError
        As :func:`cross_entropy`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmax import cross_entropy_with_grad
    >>> loss, gradient = cross_entropy_with_grad(np.log([[0.3, 0.2, 0.1, 0.4]]), [1])
    >>> gradient.round(3)
    array([[ 0.3, -0.8,  0.1,  0.4]])
    """
    return _cross_entropy(logits, targets, sample_weight, label_smoothing, reduction, True)


def _along(
    kernel: Any, logits: ArrayLike, axis: int, temperature: float, out: np.ndarray | None
) -> np.ndarray:
    """Apply a kernel on rows along any axis."""
    logits = _as_float(logits)
    axis = _check_axis(axis, logits.ndim)
    _check_temperature(temperature)
    _check_out(out, logits)
    moved = np.moveaxis(logits, axis, -1)
    rows = np.ascontiguousarray(moved).reshape(-1, moved.shape[-1] if moved.size else 1)
    if temperature != 1:
        rows = _cooled(rows, temperature)
    # An `out` that overlaps the logits in any other way than being them gets a copy.
    usable = out is logits or not np.may_share_memory(logits, out) if out is not None else False
    direct = usable and out is not None and out.flags.c_contiguous and axis == logits.ndim - 1
    result = out.reshape(rows.shape) if direct and out is not None else np.empty_like(rows)
    kernel(rows, _kernels.rows_workspace(rows.shape[1], rows.dtype), result)
    if direct and out is not None:
        return out
    return _deliver(np.moveaxis(result.reshape(moved.shape), -1, axis), out)


def _cooled(rows: np.ndarray, temperature: float) -> np.ndarray:
    """(z - max) / temperature; halves first where the difference alone could overflow."""
    half = rows.dtype.type(0.5 if temperature > 1 else 1.0)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        scaled = rows * half
        top = scaled.max(axis=1, keepdims=True) if rows.size else 0.0
        divisor = temperature * float(half)
        return ((scaled - top).astype(np.float64) / divisor).astype(rows.dtype)


def _cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    sample_weight: ArrayLike | None,
    label_smoothing: float,
    reduction: str,
    with_gradient: bool,
) -> tuple[Any, np.ndarray]:
    """Loss and gradient, block by block: the kernels work on class-major blocks."""
    logits = _as_float(logits)
    if logits.ndim != 2:
        raise ValueError(f"logits must have shape (n_samples, n_classes), got {logits.shape}")
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
    n_samples, n_classes = logits.shape
    weight = _check_weight(sample_weight, n_samples)
    labels, probabilities = _check_targets(targets, logits, label_smoothing)
    total = weight.sum() if reduction == "mean" else 1.0
    losses = np.zeros(n_samples)
    gradient = np.empty(logits.shape if with_gradient else (0, 0), logits.dtype)
    step = max(64, _BLOCK // max(1, n_classes))
    workspace = _kernels.loss_workspace(min(step, n_samples), logits.dtype)
    for start in range(0, n_samples if n_classes else 0, step):
        rows = slice(start, start + step)
        p = np.array(logits[rows].T, order="C", copy=True)
        if probabilities is None:
            block: _kernels.Targets = _kernels.Labels(labels[rows])
        else:
            block = _kernels.ClassProbabilities(np.ascontiguousarray(probabilities[rows].T))
        if not with_gradient:
            _kernels.sample_losses(block, p, workspace, losses[rows])
            continue
        factor = (weight[rows] / (total or 1.0)).astype(logits.dtype)
        residual = np.empty_like(p)
        _kernels.sample_losses_and_residual(block, p, factor, workspace, losses[rows], residual)
        gradient[rows] = residual.T
    # A sample without weight counts nothing, even where its loss is infinite or not a number.
    if with_gradient:
        gradient[weight == 0] = 0
    losses = np.multiply(losses, weight, out=np.zeros(n_samples), where=weight > 0)
    if reduction == "none":
        return losses, gradient
    summed = float(losses.sum())
    if reduction == "mean":
        summed = summed / float(total) if total else float("nan")
    return summed, gradient


def _check_targets(
    targets: ArrayLike, logits: np.ndarray, label_smoothing: float
) -> tuple[np.ndarray, np.ndarray | None]:
    """Labels (n,) and None, or no labels and probabilities (n, K)."""
    n_samples, n_classes = logits.shape
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must lie in [0, 1], got {label_smoothing!r}")
    targets = np.asarray(targets)
    if targets.shape == (n_samples,):
        if targets.size and not np.issubdtype(targets.dtype, np.integer):
            raise ValueError(f"targets of one dimension must be integers, got {targets.dtype}")
        labels = targets.astype(np.intp)
        bad = (labels < 0) | (labels >= n_classes)
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(
                f"targets: label {targets[row]} of row {row} is not in 0..{n_classes - 1}"
            )
        if label_smoothing == 0:
            return labels, None
        probabilities = np.zeros(logits.shape, logits.dtype)
        probabilities[np.arange(n_samples), labels] = 1
    elif targets.shape == logits.shape:
        labels = np.empty(0, np.intp)
        probabilities = targets.astype(logits.dtype)
        bad = ~(np.isfinite(probabilities) & (probabilities >= 0)).all(axis=1)
        if bad.any():
            raise ValueError(
                f"targets must be finite and not negative, row {int(np.argmax(bad))} is not"
            )
    else:
        raise ValueError(
            f"targets must have shape ({n_samples},) or {logits.shape}, got {targets.shape}"
        )
    if label_smoothing:
        even = probabilities.sum(axis=1, keepdims=True) / n_classes
        probabilities = (1 - label_smoothing) * probabilities + label_smoothing * even
        probabilities = probabilities.astype(logits.dtype)
    return labels, probabilities


def _check_weight(sample_weight: ArrayLike | None, n_samples: int) -> np.ndarray:
    """Sample weights as float64 (n,)."""
    if sample_weight is None:
        return np.ones(n_samples)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_samples,):
        raise ValueError(f"sample_weight must have shape ({n_samples},), got {weight.shape}")
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"sample_weight must be finite and not negative, got {weight[row]} in row {row}"
        )
    return weight


def _as_float(array: ArrayLike) -> np.ndarray:
    """float32 as it is, all else as float64; complex numbers are refused."""
    array = np.asarray(array)
    if array.dtype.kind == "c":
        raise ValueError("logits must be real, got complex numbers")
    if array.dtype == np.float32 and array.dtype.isnative:
        return array
    return array.astype(np.float64, copy=False)


def _check_axis(axis: int, ndim: int) -> int:
    """The axis counted from the front."""
    if ndim == 0:
        raise ValueError("logits must have at least one dimension")
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis must lie in [{-ndim}, {ndim}), got {axis}")
    return axis % ndim


def _check_temperature(temperature: float) -> None:
    if not 0 < temperature < np.inf:
        raise ValueError(f"temperature must be positive and finite, got {temperature!r}")


def _check_out(out: np.ndarray | None, logits: np.ndarray) -> None:
    if out is None:
        return
    if not isinstance(out, np.ndarray) or out.shape != logits.shape or out.dtype != logits.dtype:
        raise ValueError(
            f"out must be an array of shape {logits.shape} and dtype {logits.dtype}, got "
            f"{getattr(out, 'shape', type(out).__name__)} and {getattr(out, 'dtype', None)}"
        )
    if not out.flags.writeable:
        raise ValueError("out must be writeable")


def _deliver(result: np.ndarray, out: np.ndarray | None) -> np.ndarray:
    """The result, in `out` where that is given."""
    if out is None:
        return result
    out[...] = result
    return out
