"""L-BFGS on the whole objective, by SciPy (J. Nocedal, S. Wright, Numerical Optimization, 7.2)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from skmax._network.layers import Network
from skmax._network.samples import Samples
from skmax._network.trainer import Diverged

SMALLEST_STEP = 1e-5  # of tol: the relative decrease below which an iteration is the last


class _StopRequest(Exception):
    """Raised by what is called after each iteration, to get out of SciPy's loop."""


def minimise(
    network: Network,
    samples: Samples,
    *,
    alpha: float,
    tol: float,
    max_iter: int,
    max_fun: int,
    threads: int,
    on_iteration: Callable[[float], bool],
) -> str:
    """Minimise the objective from the network's weights; why it ended short, or "".

    `on_iteration` is called with the objective after each iteration, when the network has its
    weights, and asks to stop by True.
    """
    last: dict[str, Any] = {"x": network.weights.astype(np.float64)}

    def value_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
        network.weights[:] = x
        value, gradient = network.value_and_gradient(samples, alpha, threads)
        if "value" not in last and not np.isfinite(value):
            raise Diverged
        last["value"] = value
        return value, gradient.astype(np.float64)

    def iteration_ends(x: np.ndarray) -> None:
        last["x"] = x.copy()
        network.weights[:] = x
        if on_iteration(last["value"]):
            raise _StopRequest

    resolution = 10 * float(np.finfo(network.dtype).eps)
    try:
        result = scipy.optimize.minimize(
            value_and_gradient,
            last["x"],
            jac=True,
            method="L-BFGS-B",
            callback=iteration_ends,
            options={
                "maxiter": max_iter,
                "maxfun": max_fun,
                "gtol": tol,
                "ftol": max(SMALLEST_STEP * tol, resolution),
            },
        )
    except _StopRequest:
        return ""  # the caller knows why
    finally:
        # An interrupt in the middle of a line search leaves the last point that was taken.
        network.weights[:] = last["x"]
    network.weights[:] = result.x
    if result.nit == 0:  # the start was good enough
        on_iteration(float(result.fun))
    if result.status == 1:
        return (
            f"max_iter={max_iter} iterations or max_fun={max_fun} evaluations were not "
            "enough. Raise them, or scale the columns of X"
        )
    return _why(result)


def _why(result: Any) -> str:
    """Why SciPy found no way on, or "" where it met its tolerance."""
    if result.status == 0:
        return ""
    message = result.message.decode() if isinstance(result.message, bytes) else result.message
    return (
        f"no step along L-BFGS's direction lowers the objective ({message}). Scale "
        "the columns of X, or take another solver"
    )
