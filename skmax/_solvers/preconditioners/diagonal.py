"""The diagonal of the Hessian."""

import numpy as np

from skmax._solvers.protocol import DiagonalPoint, Objective, Point


class Diagonal:
    """An estimate of the Hessian's diagonal: for more columns than a matrix of them can be kept."""

    def __init__(self, objective: Objective[Point]) -> None:
        self.diagonal = np.ones(objective.shape)

    def refresh(self, point: DiagonalPoint, gap: float) -> bool:
        self.diagonal = point.diagonal()
        return False

    def solve(self, v: np.ndarray) -> np.ndarray:
        return v / self.diagonal
