"""Conjugate gradients for a Newton step: T. Steihaug, SIAM J. Numer. Anal. 20, 1983."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skmax._solvers.protocol import Inverse

MOST_PRODUCTS = 1000  # Hessian products for one step
LOOSE = 0.3  # how exactly Newton's equation is solved, at the least

#: Whether a step is solved for exactly enough: from what its model had to gain, what it has left,
#: both by the preconditioner, and what it has gained.
Enough = Callable[[float, float, float], bool]


def never_enough(first: float, left: float, gained: float) -> bool:
    """Go on to the tolerance."""
    return False


@dataclass
class Step:
    """A step, the decrease its quadratic model predicts, and what the model has left to gain.

    `left` is by the preconditioner; by the model it is up to `shortfall` times as much. `norm` and
    `gradient_norm` are lengths of the step and of the gradient it was computed for, in the norm of
    the preconditioner and of its inverse. `inside` says that the region did not cut it.
    """

    direction: np.ndarray
    decrease: float
    left: float
    norm: float
    gradient_norm: float
    shortfall: float
    inside: bool


def steihaug(
    product: Callable[[np.ndarray], np.ndarray],
    solve: Callable[[np.ndarray], np.ndarray],
    gradient: np.ndarray,
    radius: float,
    tolerance: float,
    *,
    enough: Enough = never_enough,
) -> Step:
    """Conjugate gradients for H s = -gradient, stopped at the edge of the region |s|_M <= radius.

    M is the preconditioner; `tolerance` is relative, in the norm of its inverse. They also stop
    where `enough` says so: see `Certificate.enough`.
    """
    step = np.zeros_like(gradient)
    residual = gradient.copy()
    solved = solve(residual)
    direction = -solved
    size = first_size = float(np.vdot(residual, solved))  # |residual|^2 in the inverse norm
    small = tolerance**2 * size
    step_step, step_direction, direction_direction = 0.0, 0.0, size
    decrease, sizes, decreases = 0.0, [size], [0.0]  # before each step, what it was and had gained
    inside = True
    for _ in range(MOST_PRODUCTS):
        if size <= small or (decrease > 0 and enough(0.5 * first_size, 0.5 * size, decrease)):
            break
        curved = product(direction)
        curvature = float(np.vdot(direction, curved))
        if curvature <= 0:
            break
        length = size / curvature
        ahead = step_step + 2 * length * step_direction + length**2 * direction_direction
        if ahead >= radius**2 * (1 + 1e-9):
            # Where the edge is crossed: a root of |step + t direction|_M = radius.
            beyond = radius**2 - step_step
            root = np.sqrt(max(step_direction**2 + direction_direction * beyond, 0.0))
            to_edge = beyond / (step_direction + root)
            step += to_edge * direction
            decrease += to_edge * size - 0.5 * to_edge**2 * curvature
            step_step, size, inside = radius**2, np.inf, False
            break
        step += length * direction
        decrease += 0.5 * length * size
        residual += length * curved
        solved = solve(residual)
        new_size = float(np.vdot(residual, solved))
        direction *= new_size / size
        direction -= solved
        step_direction = (new_size / size) * (step_direction + length * direction_direction)
        direction_direction = new_size + (new_size / size) ** 2 * direction_direction
        step_step, size = ahead, new_size
        sizes.append(size)
        decreases.append(decrease)
    # Where rounding has taken over, and what is left seems to grow, it is no more than there was.
    left = 0.5 * max(min(size, first_size), 0.0) if inside else np.inf
    return Step(
        step,
        decrease,
        left=left,
        norm=float(np.sqrt(step_step)),
        gradient_norm=float(np.sqrt(max(first_size, 0.0))),
        shortfall=_shortfall(sizes[:-1], [decrease - before for before in decreases[:-1]]),
        inside=inside,
    )


def _shortfall(sizes: list[float], gains: list[float]) -> float:
    """What the preconditioner's estimate of the gain, size / 2, should have been multiplied by."""
    pairs = zip(sizes, gains, strict=True)
    return max((gain / (0.5 * size) for size, gain in pairs if size > 0), default=1.0)


def forcing(gap: float) -> float:
    """How exactly to solve for a step: loosely at first, to 2% where only digits are missing."""
    return float(np.clip(100 * np.sqrt(gap), 0.02, LOOSE)) if np.isfinite(gap) else LOOSE


def norm_of(gradient: np.ndarray, preconditioner: Inverse) -> float:
    """The length of the gradient in the norm of the preconditioner's inverse."""
    return float(np.sqrt(max(np.vdot(gradient, preconditioner.solve(gradient)), 0.0)))
