"""torch.optim.LBFGS on the full batch, as one writes it by hand."""

import warnings
from types import SimpleNamespace

import scipy.sparse as sp
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from . import MAX_ITER


def refuses(X, n_classes, **options):
    return ""


def fitter(X, y, C, threads=None):
    data, labels = _tensor(X), torch.from_numpy(y)
    n_rows = 1 if y.max() == 1 else int(y.max()) + 1
    all_threads = torch.get_num_threads()

    def value(weights, intercept):
        logits = data @ weights + intercept
        if n_rows == 1:
            loss = binary_cross_entropy_with_logits(logits[:, 0], labels.to(logits.dtype))
        else:
            loss = cross_entropy(logits, labels)
        return loss + weights.square().sum() / (2 * C * len(y))

    def fit(tol):
        weights = torch.zeros((X.shape[1], n_rows), dtype=data.dtype, requires_grad=True)
        intercept = torch.zeros(n_rows, dtype=data.dtype, requires_grad=True)
        torch.set_num_threads(threads or all_threads)
        _minimise(value, weights, intercept, tol)
        return SimpleNamespace(
            coef_=weights.detach().numpy().T, intercept_=intercept.detach().numpy()
        )

    return fit


def _minimise(value, weights, intercept, tol):
    """Run L-BFGS from zero until the largest gradient entry is below tol."""
    optimizer = torch.optim.LBFGS(
        [weights, intercept],
        max_iter=MAX_ITER,
        max_eval=2 * MAX_ITER,
        tolerance_grad=tol,
        tolerance_change=1e-15,  # the gradient decides, down to rounding
        history_size=10,  # as in SciPy and scikit-learn
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        current = value(weights, intercept)
        current.backward()
        return current

    optimizer.step(closure)


def _tensor(X):
    """Return X as a dense or CSR tensor."""
    if not sp.issparse(X):
        return torch.from_numpy(X)
    pieces = (torch.from_numpy(piece) for piece in (X.indptr, X.indices, X.data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "CSR is in beta"
        return torch.sparse_csr_tensor(*pieces, size=X.shape)
