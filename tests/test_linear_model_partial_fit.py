"""SoftmaxRegression.partial_fit: any cut into calls, what it learns, what it refuses and keeps."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
from problems import assert_same_bits, one_hot, simulated, sparse_simulated, value_at
from sklearn.base import clone
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss

from skmax import SoftmaxRegression
from skmax.linear_model import _retained

RETAINED = _retained.MOST_ROWS


def streamed(X, y, size=200, weight=None, classes=None, **parameters):
    """A model after one pass over the rows, so many in each call."""
    model = SoftmaxRegression(**parameters)
    if classes is None and np.ndim(y) == 1:
        classes = np.unique(y)
    for start in range(0, X.shape[0], size):
        part = slice(start, start + size)
        model.partial_fit(X[part], y[part], None if weight is None else weight[part], classes)
    return model


def halves(n=4000, p=6, n_classes=4, **options):
    """Rows of a stream, and as many that are held out."""
    X, y = simulated(2 * n, p, n_classes, **options)
    return X[:n], y[:n], X[n:], y[n:]


def loss(model, X, y):
    return log_loss(y, model.predict_proba(X), labels=model.classes_)


def way(model, X, y, held_out, its_labels, **parameters):
    """How far from the optimum a model is, of the way to the frequencies of the classes."""
    optimum = loss(SoftmaxRegression(**parameters).fit(X, y), held_out, its_labels)
    frequencies = np.bincount(y) / len(y)
    most = -np.log(frequencies[its_labels]).mean()
    return (loss(model, held_out, its_labels) - optimum) / (most - optimum)


def raw(X, decades=4):
    """The columns in units over many decades, and far from 0."""
    units = 10.0 ** np.linspace(-decades, decades, X.shape[1])
    return (X + 3) * units


# What is learnt


@pytest.mark.parametrize("convert", [np.array, raw], ids=["standardised", "raw"])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_it_makes_no_difference_how_the_rows_are_cut(convert, n_classes):
    X, y, held_out, its_labels = halves(2600, 5, n_classes, strength=0.7)
    X, held_out = convert(X), convert(held_out)
    models = [streamed(X, y, size) for size in (1, 7, 200, 5000)]
    losses = [loss(model, held_out, its_labels) for model in models]
    np.testing.assert_allclose(losses, losses[-1], rtol=1e-6)
    for model in models[:-1]:
        np.testing.assert_allclose(
            model.predict_proba(held_out), models[-1].predict_proba(held_out), atol=1e-5
        )


@pytest.mark.parametrize("n_classes", [2, 3, 12])
@pytest.mark.parametrize("parameters", [{}, {"fit_intercept": False}, {"C": 0.1}, {"C": np.inf}])
def test_few_rows_lead_to_the_optimum_of_all_of_them(n_classes, parameters):
    X, y = simulated(400, 4, n_classes)
    whole = SoftmaxRegression(tol=1e-10, **parameters).fit(X, y)
    for size in (30, 200, 400):
        model = streamed(X, y, size, tol=1e-10, **parameters)
        assert model.coef_.shape == whole.coef_.shape
        np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(model.intercept_, whole.intercept_, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("n_classes", "p"), [(2, 8), (4, 20), (10, 40)])
@pytest.mark.parametrize("convert", [np.array, raw], ids=["standardised", "raw"])
def test_many_rows_lead_to_within_a_tenth_of_the_way(n_classes, p, convert):
    X, y, held_out, its_labels = halves(6000, p, n_classes)
    X, held_out = convert(X), convert(held_out)
    model = streamed(X, y)
    assert way(model, X, y, held_out, its_labels) < 0.1
    peer = SGDClassifier(loss="log_loss", average=True, random_state=0)
    for start in range(0, len(y), 200):
        part = slice(start, start + 200)
        peer.partial_fit(X[part], y[part], classes=range(n_classes))
    if convert is np.array:  # on raw columns the peer has come to logits that overflow
        assert loss(model, held_out, its_labels) < loss(peer, held_out, its_labels)


def test_more_rows_lead_nearer():
    X, y, held_out, its_labels = halves(24_000, 8, 3)
    ways = [way(streamed(X[:n], y[:n]), X, y, held_out, its_labels) for n in (1500, 6000, 24_000)]
    assert ways[0] > ways[1] > ways[2]
    assert ways[2] < 0.003


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("C", [1e-4, 1e-2, 1.0, np.inf])
def test_the_penalty_is_that_of_fit_on_the_rows_so_far(C, fit_intercept):
    X, y = simulated(12_000, 4, 3)
    parameters = {"C": C, "fit_intercept": fit_intercept}
    whole = SoftmaxRegression(**parameters).fit(X, y)
    model = streamed(X, y, 1000, **parameters)
    assert value_at(model, X, y, C=C) / value_at(whole, X, y, C=C) < 1.02
    np.testing.assert_allclose(np.linalg.norm(model.coef_), np.linalg.norm(whole.coef_), rtol=0.2)


def test_the_rows_of_unequal_classes_are_learnt_in_order_of_time():
    X, y, held_out, its_labels = halves(5000, 5, 3)
    late = np.argsort(y == 2, kind="stable")  # a class that none of the first rows has
    model = streamed(X[late], y[late])
    assert np.isfinite(model.coef_).all()
    shuffled = streamed(X, y)
    assert loss(shuffled, held_out, its_labels) < loss(model, held_out, its_labels) < np.log(3)


@pytest.mark.parametrize("size", [300, 3000])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_csr_is_as_dense(size, index):
    X, y = sparse_simulated(3000, 12, 4)
    sparse = scipy.sparse.csr_matrix(X)
    sparse.indices, sparse.indptr = sparse.indices.astype(index), sparse.indptr.astype(index)
    for n_rows in (RETAINED // 2, 3000):
        dense, other = (streamed(Z[:n_rows], y[:n_rows], size, tol=1e-10) for Z in (X, sparse))
        np.testing.assert_allclose(dense.predict_proba(X), other.predict_proba(X), atol=1e-4)


def test_dense_and_sparse_calls_mix_and_duplicate_entries_add_up():
    X, y = sparse_simulated(2400, 8, 3)
    mixed, dense = SoftmaxRegression(tol=1e-10), streamed(X, y, 300, tol=1e-10)
    for number, start in enumerate(range(0, 2400, 300)):
        part = X[start : start + 300]
        if number % 2:
            coo = scipy.sparse.coo_matrix(part)
            twice = (np.tile(coo.row, 2), np.tile(coo.col, 2))
            halved = scipy.sparse.coo_matrix((np.tile(coo.data / 2, 2), twice), part.shape)
            part = scipy.sparse.csr_matrix(part)
            order = np.lexsort((halved.col, halved.row))
            part = scipy.sparse.csr_matrix(
                (halved.data[order], halved.col[order], 2 * part.indptr), part.shape
            )
            assert not part.has_canonical_format
        mixed.partial_fit(part, y[start : start + 300], classes=range(3))
    np.testing.assert_allclose(mixed.predict_proba(X), dense.predict_proba(X), atol=1e-4)


def test_many_columns_go_without_their_correlations():
    rng = np.random.default_rng(0)
    X, y = sparse_simulated(4000, 400, 3, density=0.05)
    model = streamed(scipy.sparse.csr_matrix(X[:3000]), y[:3000])
    assert model._seen.stream.precision.size == 0
    assert way(model, X[:3000], y[:3000], X[3000:], y[3000:]) < 0.1
    wide = rng.normal(size=(60, 3000))
    few = streamed(wide, rng.integers(0, 3, 60), 7)
    assert few.coef_.shape == (3, 3000)


def test_float32_stays_float32():
    X, y, held_out, its_labels = halves(3000, 6, 4)
    model = streamed(X.astype(np.float32), y)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert model.predict_proba(held_out.astype(np.float32)).dtype == np.float32
    double = streamed(X, y)
    assert loss(model, held_out, its_labels) == pytest.approx(
        loss(double, held_out, its_labels), rel=1e-3
    )
    model.partial_fit(X[:10], y[:10])  # float64, after float32
    assert model.coef_.dtype == np.float32


# Targets and weights


@pytest.mark.parametrize("n_rows", [300, 2500])
def test_soft_labels_of_one_class_each_are_hard_labels(n_rows):
    X, y = simulated(n_rows, 5, 3)
    hard, soft = streamed(X, y), streamed(X, 3.0 * one_hot(y), C=1 / 3)
    np.testing.assert_array_equal(soft.classes_, hard.classes_)
    np.testing.assert_allclose(soft.predict_proba(X), hard.predict_proba(X), atol=1e-5)


def test_soft_labels_are_hard_labels_with_weights():
    X, _ = simulated(400, 4, 3)
    rng = np.random.default_rng(1)
    soft = rng.dirichlet(np.ones(3), 400)
    repeated, labels, weight = np.repeat(X, 3, axis=0), np.tile(range(3), 400), soft.ravel()
    part = 300  # the rows of both are few enough to be kept
    by_soft = streamed(X[:part], soft[:part], 50, tol=1e-10)
    by_weight = streamed(
        repeated[: 3 * part], labels[: 3 * part], 150, weight[: 3 * part], tol=1e-10
    )
    np.testing.assert_allclose(by_soft.coef_, by_weight.coef_, atol=1e-4)


def test_labels_and_soft_labels_mix():
    X, y = simulated(600, 4, 3)
    mixed = SoftmaxRegression(tol=1e-10).partial_fit(X[:300], y[:300], classes=[0, 1, 2])
    mixed.partial_fit(X[300:], one_hot(y)[300:].astype(float))
    np.testing.assert_allclose(mixed.coef_, streamed(X, y, tol=1e-10).coef_, atol=1e-5)


def test_weights_are_repetitions():
    X, y, held_out, its_labels = halves(3000, 5, 3)
    weight = np.random.default_rng(2).integers(0, 4, 3000)
    weighted = streamed(X, y, weight=weight.astype(float))
    repeated = streamed(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(
        loss(weighted, held_out, its_labels), loss(repeated, held_out, its_labels), rtol=0.01
    )
    few = slice(0, 300)
    weighted = streamed(X[few], y[few], weight=weight[few].astype(float), tol=1e-10)
    repeated = streamed(
        np.repeat(X[few], weight[few], axis=0), np.repeat(y[few], weight[few]), tol=1e-10
    )
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-4)


@pytest.mark.parametrize("n_rows", [400, 2500])
@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_unit_of_weights_does_not_matter_beside_a_penalty_to_match(n_rows, factor):
    X, y = simulated(n_rows, 5, 3)
    model = streamed(X, y, tol=1e-10)
    scaled = streamed(X, y, weight=np.full(n_rows, factor), C=1 / factor, tol=1e-10)
    np.testing.assert_allclose(scaled.predict_proba(X), model.predict_proba(X), atol=1e-5)


def test_a_row_without_weight_is_as_good_as_left_out():
    X, y = simulated(2500, 5, 3)
    weight = np.ones(2500)
    weight[::5] = 0
    kept = weight > 0
    weighted, fewer = streamed(X, y, 250, weight), streamed(X[kept], y[kept], 200)
    assert_same_bits(weighted, fewer)


def test_class_weights_of_a_dict_are_weights():
    X, y = simulated(2500, 5, 3)
    by_class = streamed(X, y, class_weight={0: 2.0, 2: 0.5})
    by_row = streamed(X, y, weight=np.array([2.0, 1.0, 0.5])[y])
    np.testing.assert_array_equal(by_class.coef_, by_row.coef_)


def test_a_single_row_and_a_single_class_make_a_model():
    X, _ = simulated(50, 3, 3)
    for classes in ([0, 1], [0, 1, 2]):
        model = SoftmaxRegression().partial_fit(X[:1], [1], classes=classes)
        assert (model.coef_ == 0).all()
        probabilities = model.predict_proba(X[:2])
        assert (probabilities.argmax(axis=1) == 1).all()
        # Half a row for each class, and one.
        total = 1 + 0.5 * len(classes)
        np.testing.assert_allclose(probabilities[0, 0], 0.5 / total)
    flat = SoftmaxRegression(fit_intercept=False).partial_fit(X[:1], [1], classes=[0, 1, 2])
    np.testing.assert_allclose(flat.predict_proba(X[:1]), 1 / 3)


def test_a_class_that_has_not_occurred_has_a_small_probability():
    X, y = simulated(400, 3, 3)
    X, y = X[y < 2], y[y < 2]
    model = streamed(X, y, classes=[0, 1, 2])
    probabilities = model.predict_proba(X)[:, 2]
    np.testing.assert_allclose(np.exp(np.log(probabilities).mean()), 0.5 / len(y), rtol=0.01)
    others = SoftmaxRegression().fit(X, y).predict_proba(X)
    kept = model.predict_proba(X)[:, :2]
    np.testing.assert_allclose(kept / kept.sum(axis=1, keepdims=True), others, atol=0.02)


# The state


def test_every_row_counts_at_once():
    X, y = simulated(RETAINED + 60, 4, 3)
    model = streamed(X[:-60], y[:-60])
    for row in range(RETAINED, RETAINED + 60):
        before = model.coef_
        model.partial_fit(X[row : row + 1], y[row : row + 1])
        assert (model.coef_ != before).all()


@pytest.mark.parametrize("n_rows", [300, RETAINED, 2500])
@pytest.mark.parametrize("convert", [np.array, scipy.sparse.csr_matrix], ids=["dense", "csr"])
def test_a_pickled_stream_goes_on_to_the_same_bits(n_rows, convert):
    X, y = sparse_simulated(3000, 6, 3)
    X = convert(X)
    straight = streamed(X[:n_rows], y[:n_rows])
    stopped = pickle.loads(pickle.dumps(straight))
    other = copy.deepcopy(straight)
    _ = other.coef_  # reading the coefficients changes nothing
    for model in (straight, stopped, other):
        for start in range(n_rows, 3000, 70):
            model.partial_fit(X[start : start + 70], y[start : start + 70])
    assert_same_bits(stopped, straight)
    assert_same_bits(other, straight)


def test_threads_change_no_bit():
    X, y = simulated(5000, 40, 8)
    one, all_of_them = streamed(X, y, 2500, n_jobs=1), streamed(X, y, 2500, n_jobs=-1)
    assert_same_bits(one, all_of_them)


def test_rows_are_copied():
    X, y = simulated(100, 4, 3)
    mine = X.copy()
    model = SoftmaxRegression().partial_fit(mine, y, classes=[0, 1, 2])
    mine[:] = 0
    assert_same_bits(model, SoftmaxRegression().partial_fit(X, y, classes=[0, 1, 2]))


def test_the_state_stays_small():
    X, y = simulated(4000, 10, 3)
    model = streamed(X, y)
    assert len(pickle.dumps(model)) < 20_000
    assert len(pickle.dumps(streamed(X[:RETAINED], y[:RETAINED]))) < 1.3 * X[:RETAINED].nbytes


def test_the_first_rows_are_kept_up_to_so_many_entries(monkeypatch):
    X, y = simulated(60, 5, 3)
    monkeypatch.setattr(_retained, "MOST_ENTRIES", 107)
    for rows in (X, scipy.sparse.csr_matrix(X)):
        for size in (1, 60):
            assert streamed(rows[:21], y[:21], size)._seen.rows.n_rows == 21
            assert streamed(rows[:22], y[:22], size)._seen.rows is None
    monkeypatch.setattr(_retained, "MOST_ENTRIES", 3)  # a first row is kept, however long it is
    assert np.isfinite(streamed(X, y, 1, [*np.ones(60)]).coef_).all()


def test_fit_starts_anew():
    X, y = simulated(2500, 4, 3)
    model = streamed(X, y)
    model.fit(X[:300], y[:300])
    assert_same_bits(model, SoftmaxRegression().fit(X[:300], y[:300]))
    assert model.converged_
    assert "_seen" not in vars(model)
    assert not hasattr(clone(model), "coef_")


def test_it_goes_on_from_a_fit():
    X, y, held_out, its_labels = halves(6000, 5, 3)
    model = SoftmaxRegression().fit(X[:2000], y[:2000])
    before = loss(model, held_out, its_labels)
    kept = model.coef_.copy()
    model.partial_fit(X[2000:2001], y[2000:2001])
    np.testing.assert_allclose(model.coef_, kept, atol=0.05)
    for start in range(2001, 6000, 200):
        model.partial_fit(X[start : start + 200], y[start : start + 200], classes=[0, 1, 2])
    assert loss(model, held_out, its_labels) < before
    assert way(model, X, y, held_out, its_labels) < 0.02
    with pytest.raises(ValueError, match="are not those before"):
        model.partial_fit(X, y, classes=[0, 1])


def test_a_column_that_no_more_varies_keeps_what_a_fit_has_found():
    X, y = simulated(6000, 5, 3)
    model = SoftmaxRegression(C=0.1).fit(X[:2000], y[:2000])
    kept = model.coef_[:, 2].copy()
    later = X[2000:].copy()
    later[:, 2] = 0.0
    model.partial_fit(later[:2000], y[2000:4000])
    model.partial_fit(scipy.sparse.csr_matrix(later[2000:]), y[4000:])
    np.testing.assert_allclose(model.coef_[:, 2], kept)


def test_what_it_says_of_itself():
    X, y = simulated(300, 4, 3)
    model = SoftmaxRegression().fit(X, y).partial_fit(X, y)
    assert model.n_iter_.tolist() == [1]
    assert model.n_iter_.dtype == np.int32
    assert model.solver_ == "stream"
    assert model.converged_ is False
    assert model.n_features_in_ == 4
    for name in ("objective_", "optimality_gap_", "loss_curve_"):
        assert not hasattr(model, name)


def test_a_model_without_a_fit_has_no_coefficients():
    model = SoftmaxRegression()
    assert not hasattr(model, "coef_")
    assert not hasattr(model, "intercept_")
    with pytest.raises(AttributeError, match=r"'SoftmaxRegression' object has no .*'coef_'"):
        _ = model.coef_


def test_it_becomes_a_model_of_scikit_learn():
    X, y = simulated(2500, 4, 3)
    model = streamed(X, y)
    np.testing.assert_allclose(
        model.to_sklearn().predict_proba(X), model.predict_proba(X), atol=1e-12
    )


def test_data_frames_keep_their_names():
    pd = pytest.importorskip("pandas")
    X, y = simulated(300, 3, 3)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = SoftmaxRegression().partial_fit(frame, y, classes=[0, 1, 2])
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(frame[["b", "a", "c"]], y)
    soft = pd.DataFrame(one_hot(y).astype(float), columns=["x", "y", "z"])
    assert SoftmaxRegression().partial_fit(frame, soft).classes_.tolist() == ["x", "y", "z"]


def test_awkward_columns_do_no_harm():
    X, y = simulated(3000, 4, 3)
    constant, copied = np.full((3000, 1), 1e6), X[:, :1]
    rare = np.zeros((3000, 1))
    rare[2000::100] = 1e3
    awkward = np.hstack([X, constant, copied, rare, 1e-300 * X[:, 1:2]])
    model, plain = streamed(awkward, y), streamed(X, y)
    assert np.isfinite(model.coef_).all()
    assert log_loss(y, model.predict_proba(awkward)) < 1.02 * log_loss(y, plain.predict_proba(X))


def test_separable_classes_without_a_penalty():
    X, y = simulated(3000, 4, 2, strength=50.0)
    for n_rows in (200, 3000):
        model = streamed(X[:n_rows], y[:n_rows], C=np.inf)
        assert np.isfinite(model.coef_).all()
        assert model.score(X[:n_rows], y[:n_rows]) > 0.97


# What it refuses


def seen_by(model):
    """The state of a model, to be compared."""
    return pickle.dumps(vars(model))


@pytest.mark.parametrize("n_rows", [200, 2500])
def test_errors_leave_the_model_as_it_was(n_rows):
    X, y = simulated(2500, 4, 3)
    model = streamed(X[:n_rows], y[:n_rows])
    state, coef = seen_by(model), None
    broken = X[:5].copy()
    broken[3, 2] = np.nan
    large = np.where(np.arange(4) == 1, 1e200, X[:5])
    calls = {
        r"y holds \[7\], which are not among the classes": ((X[:2], [0, 7]), {}),
        "are not those before": ((X, y), {"classes": [0, 1]}),
        "two classes or more": ((X, y), {"classes": [0]}),
        "NaN in column 2, row 3": ((broken, y[:5]), {}),
        "column 1 are so large": ((large, y[:5]), {}),
        "4 features": ((X[:, :3], y), {}),
        "inconsistent numbers": ((X[:4], y[:3]), {}),
        "must have shape": ((X[:4], np.ones((4, 2))), {}),
        "must not be negative": ((X[:4], y[:4]), {"sample_weight": [1, -1, 1, 1]}),
        "zero for every sample": ((X[:4], y[:4]), {"sample_weight": np.zeros(4)}),
    }
    for message, (arguments, keywords) in calls.items():
        with pytest.raises(ValueError, match=message):
            model.partial_fit(*arguments, **keywords)
        assert seen_by(model) == state
    for name, value in {"C": -1, "l1_ratio": 0.5, "class_weight": "balanced"}.items():
        changed = clone(model)
        with pytest.raises(ValueError, match=name):
            changed.set_params(**{name: value}).partial_fit(X, y, classes=[0, 1, 2])
        assert not hasattr(changed, "classes_")
    coef = model.coef_
    np.testing.assert_array_equal(coef, streamed(X[:n_rows], y[:n_rows]).coef_)


def test_a_stream_stays_with_or_without_intercepts():
    X, y = simulated(2500, 4, 3)
    few, many = streamed(X[:300], y[:300]), streamed(X, y)
    few.set_params(fit_intercept=False).partial_fit(X[300:500], y[300:500])  # the rows are there
    np.testing.assert_allclose(
        few.coef_, SoftmaxRegression(fit_intercept=False).fit(X[:500], y[:500]).coef_, atol=1e-3
    )
    with pytest.raises(ValueError, match="goes on with fit_intercept=True"):
        many.set_params(fit_intercept=False).partial_fit(X, y)


def test_some_sample_must_have_weight():
    X, y = simulated()
    weights = {0: 0.0, 1: 1.0, 2: 1.0}
    model = SoftmaxRegression(class_weight=weights)
    with pytest.raises(ValueError, match="no sample has weight"):
        model.partial_fit(X[y == 0], y[y == 0], classes=[0, 1, 2])
    assert not hasattr(model, "classes_")
    assert_same_bits(
        streamed(X, y, class_weight=weights), streamed(X[y > 0], y[y > 0], classes=[0, 1, 2])
    )


def test_units_may_be_large_in_float32():
    X, y = simulated(2500, 3, 3)
    for convert in (np.array, scipy.sparse.csr_matrix):
        large = streamed(convert((1e15 * X).astype(np.float32)), y)
        assert np.isfinite(large.predict_proba((1e15 * X[:9]).astype(np.float32))).all()
        assert large.score((1e15 * X).astype(np.float32), y) > streamed(X, y).score(X, y) - 0.02


def test_the_first_call_needs_classes():
    X, y = simulated()
    model = SoftmaxRegression()
    with pytest.raises(ValueError, match="first call of partial_fit needs classes"):
        model.partial_fit(X, y)
    assert not hasattr(model, "n_features_in_")
    model.partial_fit(X, y, classes=[2, 1, 0])
    assert model.classes_.tolist() == [0, 1, 2]
    model.partial_fit(X, y, classes=[1, 2, 0])


def test_an_infinite_C_allows_any_l1_ratio():
    X, y = simulated()
    both = [streamed(X, y, C=np.inf, l1_ratio=ratio) for ratio in (0.0, 0.5)]
    assert_same_bits(*both)


def test_labels_may_be_strings():
    X, y = simulated(1500, 4, 3)
    names = np.array(["low", "middle", "high"])
    model = streamed(X, names[y])
    numbers = streamed(X, np.searchsorted(np.sort(names), names[y]))
    assert model.classes_.tolist() == sorted(names)
    np.testing.assert_array_equal(model.coef_, numbers.coef_)
