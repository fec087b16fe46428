"""The diagonal of the Hessian."""

import numpy as np

from skmax._solvers.protocol import DiagonalPoint, Objective, Point


class Diagonal:
    """An estimate of the Hessian's diagonal: for more columns than a matrix of them can be kept.

    Its scale is that of the curvature along the first step. Where rows are fewer than columns, this
    is much larger than a diagonal says: on 1000 standardised texts of 41,416 columns a first step
    without it made logits of several hundred, and L-BFGS took 444 evaluations to come back.
    """

    def __init__(self, objective: Objective[Point]) -> None:
        self.diagonal, self.scale = np.ones(objective.shape), 0.0

    def refresh(self, point: DiagonalPoint, gap: float) -> bool:
        diagonal = point.diagonal()
        if not self.scale:
            direction = point.gradient / diagonal
            expected = float(np.vdot(point.gradient, direction))
            curvature = float(np.vdot(direction, point.hessian_product(direction)))
            self.scale = curvature / expected if curvature > 0 and expected > 0 else 1.0
        self.diagonal = diagonal * self.scale
        return False

    def solve(self, v: np.ndarray) -> np.ndarray:
        return v / self.diagonal
