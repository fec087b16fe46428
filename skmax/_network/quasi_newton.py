"""L-BFGS on the whole objective, by SciPy (J. Nocedal, S. Wright, Numerical Optimization, 7.2)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from skmax._network.network import Network
from skmax._network.result import Diverged, Ending
from skmax._network.samples import Samples
from skmax._network.settings import Lbfgs

#: The relative decrease, over tol, below which an iteration is the last: 1e-9 for the default tol,
#: where SciPy's own default is 2.2e-9.
SMALLEST_STEP = 1e-5


class _StopRequest(Exception):
    """Raised by what is called after each iteration, to get out of SciPy's loop."""


def minimise(
    network: Network,
    samples: Samples,
    method: Lbfgs,
    *,
    alpha: float,
    max_iter: int,
    threads: int,
    on_iteration: Callable[[float], bool],
) -> tuple[Ending, str]:
    """Minimise the objective from the network's weights: why it ended, and what SciPy says of it.

    `on_iteration` is called with the objective after each iteration, when the network has its
    weights, and asks to stop by True; the ending is then CONVERGED: the caller knows better.
    """
    taken = network.weights.astype(np.float64)
    value: float | None = None

    def value_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal value
        network.weights[:] = x
        found, gradient = network.value_and_gradient(samples, alpha, threads)
        if value is None and not np.isfinite(found):
            raise Diverged
        value = found
        return found, gradient.astype(np.float64)

    def end_iteration(x: np.ndarray) -> None:
        nonlocal taken
        taken = x.copy()
        network.weights[:] = x
        assert value is not None
        if on_iteration(value):
            raise _StopRequest

    resolution = 10 * float(np.finfo(network.layout.dtype).eps)
    try:
        result = scipy.optimize.minimize(
            value_and_gradient,
            taken,
            jac=True,
            method="L-BFGS-B",
            callback=end_iteration,
            options={
                "maxiter": max_iter,
                "maxfun": method.max_fun,
                "gtol": method.tol,
                "ftol": max(SMALLEST_STEP * method.tol, resolution),
            },
        )
    except _StopRequest:
        return Ending.CONVERGED, ""
    finally:
        # An interrupt in the middle of a line search leaves the last point that was taken.
        network.weights[:] = taken
    network.weights[:] = result.x
    if result.nit == 0:  # the start was good enough
        on_iteration(float(result.fun))
    return _ending(result)


def _ending(result: Any) -> tuple[Ending, str]:
    """Why SciPy has ended, by its status, and its message."""
    message = result.message.decode() if isinstance(result.message, bytes) else result.message
    if result.status == 0:
        return Ending.CONVERGED, message
    return (Ending.OUT_OF_ITERATIONS if result.status == 1 else Ending.NO_DESCENT), message
