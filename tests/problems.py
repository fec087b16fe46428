"""Small simulated problems, the naive objective, and tight fits of LogisticRegression."""

import warnings

import numpy as np
import scipy.sparse
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skmax import MLPClassifier, SoftmaxRegression, _kernels
from skmax._design import design_of
from skmax._objective import CrossEntropy, NoPenalty, Objective, Ridge

SOLVERS = ["newton", "lbfgs"]


def simulated(n=200, p=5, n_classes=3, *, seed=0, strength=1.0):
    """X normal, y drawn from a softmax of it: all classes occur, and overlap unless n is small."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    logits = strength * X @ rng.normal(size=(p, n_classes)) + 0.5 * rng.normal(size=n_classes)
    y = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    y[:n_classes] = np.arange(n_classes)
    return X, y


def sparse_simulated(n=300, p=12, n_classes=3, *, seed=0, density=0.3):
    """The same with most entries 0, as a dense array."""
    X, y = simulated(n, p, n_classes, seed=seed)
    X[np.random.default_rng(seed + 1).random(X.shape) > density] = 0.0
    return X, y


def nearly_separable(n=600, p=20, n_classes=12, *, seed=0):
    """Columns like those of shapes: bent functions of six numbers, some nearly the same, raw.

    One is constant, and the deviations of the others span nine orders of magnitude.
    """
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    latent = rng.normal(size=(n_classes, 6))[y] + 0.15 * rng.standard_t(5, size=(n, 6))
    mixed = latent @ rng.normal(size=(6, p))
    X = np.where(np.arange(p) % 2, np.exp(0.3 * mixed), np.tanh(0.3 * mixed))
    X[:, 1::7] = X[:, :-1:7] * (1 + 1e-3 * rng.normal(size=X[:, 1::7].shape))
    X *= 10.0 ** rng.uniform(-4, 5, p)
    X[:, 0] = 1.0
    return X, y


def one_hot(y, n_classes=None):
    """Labels 0..K-1 as rows of probabilities."""
    return np.eye(int(np.max(y)) + 1 if n_classes is None else n_classes)[y]


def naive_losses(logits, targets):
    """The cross-entropy of each row; one column of logits stands for two classes."""
    logits = np.asarray(logits, np.float64)
    if logits.shape[1] == 1:
        logits = np.hstack([np.zeros_like(logits), logits])
    top = logits.max(axis=1, keepdims=True)
    logs = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    return -(targets * logs).sum(axis=1)


def naive_objective(coef, intercept, X, targets, *, C=1.0, weight=None):
    """(1/S) sum_i s_i CE_i + |W|^2 / (2 C S), as the user guide writes it."""
    weight = np.ones(X.shape[0]) if weight is None else np.asarray(weight, np.float64)
    coef = np.asarray(coef, np.float64)
    losses = naive_losses(X @ coef.T + np.asarray(intercept, np.float64), targets)
    return (weight @ losses + (coef**2).sum() / (2 * C)) / weight.sum()


def value_at(model, X, y, *, C=1.0, weight=None):
    """The naive objective at a fitted model's coefficients, for hard labels 0..K-1."""
    targets = one_hot(y, len(model.classes_))
    return naive_objective(model.coef_, model.intercept_, X, targets, C=C, weight=weight)


def naive_fit(X, targets, *, penalty=0.0, weight=None, intercept=True):
    """Damped Newton on the naive objective, one row for each class.

    `penalty` is the weight of |w_j|^2 / 2 for each column beside the mean loss. Returns coef,
    intercept and the minimum.
    """
    n, n_classes = targets.shape
    weight = np.ones(n) if weight is None else np.asarray(weight, np.float64)
    weight = weight / weight.sum()
    if intercept:
        X = np.column_stack([X, np.ones(n)])
    p = X.shape[1]
    ridge = np.zeros(p)
    ridge[: p - intercept] = penalty

    def value(coef):
        return weight @ naive_losses(X @ coef.T, targets) + 0.5 * (coef**2 @ ridge).sum()

    coef = np.zeros((n_classes, p))
    for _ in range(200):
        logits = X @ coef.T
        probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        gradient = ((probabilities - targets) * weight[:, None]).T @ X + coef * ridge
        curvature = np.einsum("ik,kl->ikl", probabilities, np.eye(n_classes))
        curvature -= np.einsum("ik,il->ikl", probabilities, probabilities)
        hessian = np.einsum("i,ikl,ij,im->kjlm", weight, curvature, X, X, optimize=True)
        hessian = hessian.reshape(n_classes * p, n_classes * p)
        hessian[np.diag_indices(n_classes * p)] += np.tile(ridge, n_classes)
        scale = 1 / np.sqrt(np.maximum(np.diag(hessian), 1e-300))
        scaled = hessian * scale[:, None] * scale
        step = -scale * (np.linalg.pinv(scaled, 1e-11, hermitian=True) @ (scale * gradient.ravel()))
        decrement = -gradient.ravel() @ step
        if decrement <= 1e-15 * value(coef):
            break
        length, step = 1.0, step.reshape(coef.shape)
        while value(coef + length * step) > value(coef) - 0.1 * length * decrement:
            length /= 2
            if length < 1e-10:
                break
        coef = coef + length * step
    if not intercept:
        return coef, np.zeros(n_classes), value(coef)
    return coef[:, :-1], coef[:, -1], value(coef)


def tight_reference(X, y, sample_weight=None, *, solver="newton-cholesky", **parameters):
    """LogisticRegression run to the floor of rounding; that it cannot reach tol=0 is no matter."""
    model = LogisticRegression(solver=solver, tol=1e-12, max_iter=1000, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y, sample_weight)


def centred(model):
    """coef and intercept with the mean over classes taken out; as they are for two classes."""
    coef, intercept = model.coef_, model.intercept_
    if len(coef) == 1:
        return coef, intercept
    return coef - coef.mean(axis=0), intercept - intercept.mean()


def assert_same_model(model, other, *, rtol=1e-6, atol=1e-8):
    """The same coefficients and intercepts, up to a shift of all classes alike."""
    for one, two in zip(centred(model), centred(other), strict=True):
        np.testing.assert_allclose(one, two, rtol=rtol, atol=atol)


def assert_same_bits(model, other):
    """Everything that was fitted is the same to the last bit."""
    names = {name for name in vars(model) if name.endswith("_")}
    assert names == {name for name in vars(other) if name.endswith("_")}
    for name in names:
        np.testing.assert_equal(getattr(model, name), getattr(other, name), err_msg=name)


def with_64_bit_indices(X):
    """A CSR matrix whose index arrays are int64."""
    X = scipy.sparse.csr_matrix(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def snapshot(estimator):
    """A copy of everything an estimator holds."""
    return {
        name: value.copy() if hasattr(value, "copy") else value
        for name, value in vars(estimator).items()
    }


def assert_untouched(estimator, before):
    """The estimator holds what it held at the snapshot, and nothing else."""
    assert list(vars(estimator)) == list(before)
    for name, value in vars(estimator).items():
        np.testing.assert_array_equal(value, before[name], err_msg=name)


class Problem:
    """A random objective with its naive reference, both as functions of standardised coefficients.

    `kind` is labels, probabilities or binary; `convert` gives X its format.
    """

    def __init__(
        self,
        kind,
        convert=np.asarray,
        *,
        n=300,
        p=4,
        n_classes=3,
        C=0.5,
        intercept=True,
        dtype=np.float64,
        threads=1,
        seed=0,
    ):
        rng = np.random.default_rng(seed)
        n_classes = 2 if kind == "binary" else n_classes
        X, y = sparse_simulated(n, p, n_classes, seed=seed, density=0.6)
        self.X = X.astype(dtype)
        self.sample_weight = rng.exponential(size=n) * (rng.random(n) > 0.1)
        self.weight = self.sample_weight / self.sample_weight.sum()
        self.C = C
        self.targets = one_hot(y, n_classes)
        kernel_targets = _kernels.Labels(y)
        if kind != "labels":
            self.targets = 0.7 * self.targets + 0.3 * rng.dirichlet(np.ones(n_classes), size=n)
            of_classes = np.ascontiguousarray(self.targets.T.astype(dtype))
            kernel_targets = _kernels.ClassProbabilities(of_classes)
            if kind == "binary":
                kernel_targets = _kernels.BinaryTargets(of_classes[1])
        self.design = design_of(convert(self.X), self.weight, intercept, may_rotate=True)
        outputs = 1 if kind == "binary" else n_classes
        self.data = CrossEntropy(self.design, kernel_targets, self.weight, outputs, threads)
        self.penalty = penalty_of(self.design, C, self.sample_weight.sum())
        self.objective = Objective(self.data, self.penalty)
        self.coef = rng.normal(size=self.objective.shape)
        self.direction = rng.normal(size=self.objective.shape)
        # A column that never varies has no coefficient.
        self.coef[:, : self.design.n_features][:, self.design.inverse_scale == 0] = 0

    def point(self):
        """The objective at `coef`."""
        return self.objective.at(self.coef)

    def naive_value(self, coef):
        weights, intercepts = self.design.unstandardise(coef)
        return naive_objective(
            weights, intercepts, self.X, self.targets, C=self.C, weight=self.sample_weight
        )


def penalty_of(design, C, total):
    """The penalty |W|^2 / (2 C total) of the user's columns."""
    if np.isinf(C):
        return NoPenalty(design.n_columns)
    return Ridge.of_user_columns(1 / (C * total), design.coef_scale)


def labels_objective(X, y, C):
    """The objective of labels with equal weights, on one thread."""
    weight = np.full(len(y), 1 / len(y))
    design = design_of(X, weight, True, may_rotate=True)
    data = CrossEntropy(design, _kernels.Labels(y), weight, int(y.max()) + 1, 1)
    return Objective(data, penalty_of(design, C, len(y)))


def central_differences(function, at, step=1e-5):
    """The derivatives of a function of an array, whose values may be arrays themselves."""
    slopes = []
    for place in np.ndindex(at.shape):
        ahead, behind = at.copy(), at.copy()
        ahead[place] += step
        behind[place] -= step
        slopes.append((function(ahead) - function(behind)) / (2 * step))
    return np.array(slopes).reshape(at.shape + np.shape(slopes[0]))


def logits_of(design, coef, start=0, stop=None):
    """Logits (stop - start, n_outputs) for coefficients of the standardised columns."""
    stop = design.n_rows if stop is None else stop
    out = np.empty((stop - start, len(coef)), design.dtype)
    workspace = _kernels.pass_workspace(design.rows, len(coef), 64)
    _kernels.row_logits(design.rows, design.packed_coef(coef), start, stop, workspace, out)
    return out


def standardised(design):
    """All rows as `design` standardises them, (n, n_columns): products with every unit vector."""
    return logits_of(design, np.eye(design.n_columns))


def quiet(n_iter, value, gap, coef):
    """Nothing, at each iteration."""
    return False


def tight(**parameters):
    """A model that goes on to the floor of rounding."""
    return SoftmaxRegression(**{"tol": 1e-16, **parameters})


def fitted(X, y, weight=None, *, hidden=(8,), X_val=None, y_val=None, **parameters):
    """A network after a few epochs, which says nothing of having stopped short."""
    model = MLPClassifier(hidden, **{"random_state": 0, "max_iter": 5, **parameters})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, weight, X_val=X_val, y_val=y_val)


def peer_fitted(X, y, *, hidden=(8,), **parameters):
    """scikit-learn's fit of the same."""
    model = neural_network.MLPClassifier(hidden, **{"random_state": 0, "max_iter": 5, **parameters})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


class AllThreads:
    """A choice of threads that is made: as many as there may be."""

    def __init__(self, most, large):
        self.most = self.threads = most

    def parts(self, most):
        return most

    def took(self, n_parts, seconds):
        pass


def give_networks_all_threads(monkeypatch):
    """Networks are trained by all threads, however small they are."""
    monkeypatch.setattr("skmax._network.epochs.WORTH_A_THREAD", 1)
    monkeypatch.setattr("skmax._network.epochs.ThreadChoice", AllThreads)


def give_passes_all_threads(monkeypatch):
    """Passes over the rows are made by all threads, however little they do."""
    monkeypatch.setattr("skmax._objective.data_term.ThreadChoice", AllThreads)
