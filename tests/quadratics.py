"""Small functions and preconditioners that stand in for the package's, as the solvers see them."""

import numpy as np

from skmax._objective.objective import Passes
from skmax._solvers.protocol import FullPoint, Objective, Preconditioner, SampledPoint

SHAPE = (1, 12)


class Point:
    """1 + (coef - best)' H (coef - best) / 2 and its derivatives at one coef."""

    def __init__(self, objective: "Quadratic", coef: np.ndarray) -> None:
        self.objective, self.coef = objective, coef
        self.away = (coef - objective.best).ravel()
        self.matrix = objective.matrix_at(self.away)
        self.value, self.gradient = objective.value_and_gradient(self.away)

    def hessian_product(self, directions: np.ndarray) -> np.ndarray:
        self.objective.passes.products += 1
        return (self.matrix @ directions.ravel()).reshape(SHAPE)

    def hessian(self, max_rows: int | None = None) -> np.ndarray:
        return self.matrix.copy()

    def diagonal(self) -> np.ndarray:
        return np.diag(self.matrix).reshape(SHAPE)

    @property
    def penalty_diagonal(self) -> np.ndarray:
        return np.zeros(SHAPE[1])

    def second_moments(
        self, max_rows: int | None = None, curvature_weight: float = 0.0
    ) -> np.ndarray:
        return np.eye(SHAPE[1])

    def class_covariance(self) -> np.ndarray:
        return np.array([[1.5]])


class Quadratic:
    """A quadratic function and its minimum, as the solvers see an objective."""

    shape, resolution, threads = SHAPE, float(np.finfo(float).eps), 1

    def __init__(
        self, condition: float = 1e3, *, minimum: float = 1.0, vanishing: float = 0.0
    ) -> None:
        rng = np.random.default_rng(0)
        size = int(np.prod(SHAPE))
        basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
        self.matrix = (basis * np.logspace(0, np.log10(condition), size)) @ basis.T
        self.best, self.minimum = rng.normal(size=SHAPE), minimum
        self.vanishing, self.passes = vanishing, Passes()

    def at(self, coef: np.ndarray) -> Point:
        self.passes.evaluations += 1
        return Point(self, coef)

    def hessian_cost(self, max_rows: int) -> float:
        return 10.0

    def value_and_gradient(self, away: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = self.matrix @ away
        return self.minimum + 0.5 * float(away @ gradient), gradient.reshape(SHAPE)

    def matrix_at(self, away: np.ndarray) -> np.ndarray:
        return self.matrix


class Steep(Quadratic):
    """The quadratic's fourth power is added: a Newton step from afar is far from enough."""

    def value_and_gradient(self, away: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = super().value_and_gradient(away)
        return value + 25 * float(np.sum(away**4)), gradient + 100 * (away**3).reshape(SHAPE)

    def matrix_at(self, away: np.ndarray) -> np.ndarray:
        return self.matrix + 300 * np.diag(away**2)


class Scaled:
    """A preconditioner `factor` times too large, and how often it was asked."""

    def __init__(self, factor: float) -> None:
        self.factor, self.n_solves = factor, 0

    def refresh(self, point: Point, gap: float) -> bool:
        return False

    def solve(self, v: np.ndarray) -> np.ndarray:
        self.n_solves += 1
        return v / self.factor


class Curved:
    """A point with a Kronecker product's Hessian, which counts what it is asked for."""

    def __init__(self, n_outputs: int = 4, n_columns: int = 5, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.coef = self.gradient = rng.normal(size=(n_outputs, n_columns))
        self.value = 1.0
        p = rng.dirichlet(np.ones(n_outputs), 50)
        self.covariance = np.diag(p.mean(axis=0)) - p.T @ p / 50
        x = rng.normal(size=(200, n_columns))
        self.moments, self.penalty_diagonal = x.T @ x / 200, rng.uniform(0.01, 0.1, n_columns)
        self.asked: list[str] = []

    def hessian_product(self, directions: np.ndarray) -> np.ndarray:
        return self.covariance @ directions @ self.moments + directions * self.penalty_diagonal

    def hessian(self, max_rows: int | None = None) -> np.ndarray:
        self.asked.append("hessian")
        penalty = np.diag(np.tile(self.penalty_diagonal, len(self.coef)))
        return np.kron(self.covariance, self.moments) + penalty

    def second_moments(
        self, max_rows: int | None = None, curvature_weight: float = 0.0
    ) -> np.ndarray:
        self.asked.append("second moments")
        return self.moments

    def class_covariance(self) -> np.ndarray:
        return self.covariance


class CurvedObjective(Quadratic):
    """What a preconditioner looks at of an objective: shape, passes, the cost of a Hessian."""

    def __init__(self, point: Curved, cost: float = 10.0) -> None:
        self.shape, self.passes, self.cost = point.coef.shape, Passes(), cost

    def hessian_cost(self, max_rows: int) -> float:
        return self.cost


def held_to_the_protocols(
    point: Point, curved: Curved, objective: Quadratic, scaled: Scaled
) -> tuple[FullPoint, SampledPoint, Objective[FullPoint], Preconditioner[Point]]:
    """For mypy alone: the doubles are what the solvers are typed by."""
    return point, curved, objective, scaled
