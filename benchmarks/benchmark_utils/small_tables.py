"""Small and middle tables, as a classifier is tried first: bundled, simulated, draws of sets."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
)
from sklearn.preprocessing import StandardScaler

from . import data

BUNDLED = {
    "iris": load_iris,
    "wine": load_wine,
    "breast_cancer": load_breast_cancer,
    "digits": load_digits,
}
DRAWS = (1000, 3000, 10_000)
SCALINGS = ("raw", "standardised")


@dataclass(frozen=True)
class Table:
    """A set, how many of its rows are drawn (None: all), and how its columns are scaled."""

    name: str
    rows: int | None
    scaling: str

    def __str__(self):
        rows = "" if self.rows is None else f" {self.rows}"
        return f"{self.name}{rows} {self.scaling}"

    def read(self):
        """Return X, dense or CSR, of float64 and y in 0..K-1."""
        if self.name in SIMULATED:
            return SIMULATED[self.name]()
        if self.name in BUNDLED:
            X, y = BUNDLED[self.name](return_X_y=True)
        else:
            X, y = data.load(self.name, rows=self.rows, scaling="raw")
        if self.scaling == "standardised":
            X = StandardScaler(with_mean=not sp.issparse(X)).fit_transform(X)
        return X, y


def tables(names=None):
    """Return the tables of the named sets, or of all: the folder's among them, if it is set."""
    names = names or [*BUNDLED, *SIMULATED, *data.folder_names()]
    found = []
    for name in names:
        if name in SIMULATED:
            found.append(Table(name, None, "raw"))
        else:
            rows = [None] if name in BUNDLED else _draws(data.n_rows(name))
            found += [Table(name, draw, scaling) for draw in rows for scaling in SCALINGS]
    return found


def _draws(n_rows):
    """Return the draws of a set; all of its rows stand for those that it has not enough for."""
    return [*(draw for draw in DRAWS if draw < n_rows), *([None] if n_rows <= DRAWS[-1] else [])]


def _easy():
    return make_classification(20_000, 30, n_informative=10, random_state=0)


def _gaussian():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100_000, 50))
    logits = X @ rng.normal(size=(50, 7))
    return X, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


SIMULATED = {"make_classification": _easy, "gaussian": _gaussian}
