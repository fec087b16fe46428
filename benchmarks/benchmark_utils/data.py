"""The data sets: where they come from, how rows are drawn, how columns are scaled.

A set is looked for in the folder that the environment variable SKMAX_DATA_DIR names (`<name>.npz`
with `y` and either `X` or the CSR pieces `data, indices, indptr, shape`), then among the sets that
scikit-learn brings or downloads. A download may differ in its columns from the file of that name.
"""

import os
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

# Pixels are divided by their largest value: standardising would blow up the rarely inked ones.
PIXEL_MAX = {"digits": 16, "mnist": 255, "quickdraw345": 255, "ocr_letters": 1}

OPENML_ID = {
    "mnist": 554,
    "letter": 6,
    "satimage": 182,
    "segment": 40984,
    "texture": 40499,
    "vowel": 307,
    "dna": 40670,
    "connect4": 40668,
    "fars": 40672,
}
FETCHERS = {
    "digits": datasets.load_digits,
    "covtype": datasets.fetch_covtype,
    "news20": lambda return_X_y: datasets.fetch_20newsgroups_vectorized(
        subset="all", return_X_y=return_X_y
    ),
}


class Unavailable(LookupError):
    """The data set is neither in the folder nor to be had from scikit-learn."""


def names():
    """Return the names of the folder's sets; without a folder, of those to be downloaded."""
    return folder_names() or sorted({*FETCHERS, *OPENML_ID})


def folder_names():
    """Return the names of the folder's sets, none without a folder."""
    folder = _folder()
    return [] if folder is None else sorted(path.stem for path in folder.glob("*.npz"))


def n_rows(name):
    """Return how many rows a set has."""
    return len(_read(name)[1])


def load(name, *, rows=None, scaling="scaled", dtype="float64"):
    """Return X (dense or CSR) of the given dtype and y in 0..K-1."""
    X, y = subset(*_read(name), rows)
    return scale(X.astype(np.float64), name, scaling).astype(dtype, copy=False), y


def subset(X, y, rows):
    """Draw rows without replacement, always the same ones; recode y to 0..K-1."""
    if rows is not None and rows < len(y):
        drawn = np.random.default_rng(0).permutation(len(y))[:rows]
        X, y = X[drawn], y[drawn]
    return X, np.unique(y, return_inverse=True)[1]


def scale(X, name, scaling):
    """Scale float64 columns: pixels to [0, 1], others to unit variance, centred unless sparse."""
    if scaling == "raw":
        return X
    if scaling != "scaled":
        raise ValueError(f"scaling must be 'raw' or 'scaled', got {scaling!r}")
    if name in PIXEL_MAX:
        return X / PIXEL_MAX[name]
    return StandardScaler(with_mean=not sp.issparse(X)).fit_transform(X)


def simulate(n_samples, n_features, n_classes, condition, seed=0):
    """Return Gaussian X with a covariance of this condition number, y from a softmax model."""
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.standard_normal((n_features, n_features)))[0]
    scales = np.geomspace(1.0, condition**-0.5, n_features)
    Z = rng.standard_normal((n_samples, n_features))
    logits = Z @ rng.standard_normal((n_features, n_classes)) * (2.0 / np.sqrt(n_features))
    y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return (Z * scales) @ rotation.T, np.unique(y, return_inverse=True)[1]


def _folder():
    """Return the folder of .npz files, or None."""
    value = os.environ.get("SKMAX_DATA_DIR")
    return Path(value) if value else None


def _read(name):
    """Return X and y of a set as it comes."""
    folder = _folder()
    if folder is not None and (path := folder / f"{name}.npz").is_file():
        return _read_npz(path)
    try:
        return _fetch(name)
    except OSError as error:
        raise Unavailable(
            f"{name}: no {name}.npz in SKMAX_DATA_DIR ({folder or 'not set'}), "
            f"and the download failed: {error}"
        ) from error


def _read_npz(path):
    """Read a dense or CSR set."""
    with np.load(path) as z:
        y = z["y"].astype(np.int64)
        if "X" in z.files:
            return z["X"], y
        return sp.csr_matrix((z["data"], z["indices"], z["indptr"]), shape=tuple(z["shape"])), y


def _fetch(name):
    """Load a set that scikit-learn brings or downloads; text columns become indicators."""
    if name in FETCHERS:
        return FETCHERS[name](return_X_y=True)
    if name not in OPENML_ID:
        raise Unavailable(
            f"{name}: no {name}.npz in SKMAX_DATA_DIR ({_folder() or 'not set'}), and not one of "
            f"the sets to be downloaded: {', '.join(sorted({*FETCHERS, *OPENML_ID}))}"
        )
    import pandas as pd

    frame, y = datasets.fetch_openml(data_id=OPENML_ID[name], return_X_y=True, as_frame=True)
    return pd.get_dummies(frame).to_numpy(dtype=np.float64), y.to_numpy()
