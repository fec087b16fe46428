"""scikit-learn's own checks, routing, cloning, pickling, pipelines, other forms of a model."""

import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse
import sklearn
from problems import assert_same_bits, assert_same_model, simulated
from sklearn.base import clone, is_classifier
from sklearn.compose import make_column_transformer
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmax import MLPClassifier, SoftmaxRegression, SoftmaxRegressionCV


class FitAlone(SoftmaxRegression):
    """For class_weight="balanced", which partial_fit refuses: the checks know no such case."""

    @property
    def partial_fit(self):
        raise AttributeError("partial_fit")


# Not fit_intercept=False: check_class_weight_classifiers fails LogisticRegression without one too.
ESTIMATORS = [
    SoftmaxRegression(),
    SoftmaxRegression(solver="newton", tol=1e-12),
    SoftmaxRegression(solver="lbfgs", tol=1e-12),
    SoftmaxRegression(warm_start=True),
    FitAlone(class_weight="balanced", warm_start=True),
    SoftmaxRegressionCV(Cs=[0.1, 1.0, 10.0], cv=3),
    MLPClassifier(),
    MLPClassifier(solver="adamw"),
    MLPClassifier(solver="sgd"),
    MLPClassifier(solver="lbfgs"),
    # One batch, so that weights can be compared with repetitions of any number of samples.
    MLPClassifier(batch_size=10**6, shuffle=False, activation="gelu"),
    MLPClassifier((), learning_rate_init=0.1, label_smoothing=0.1, n_init=2),
]


# A list, as pytest asks for: before version 1.7 scikit-learn hands it a generator.
CHECKS = parametrize_with_checks(ESTIMATORS)


@pytest.mark.parametrize(("estimator", "check"), list(CHECKS.args[1]), ids=CHECKS.kwargs["ids"])
def test_scikit_learn_check(estimator, check):
    with warnings.catch_warnings():
        if isinstance(estimator, MLPClassifier):  # 200 epochs are few for a handful of samples
            warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
@pytest.mark.parametrize(
    "name", ["check_dataframe_column_names_consistency", "check_inplace_ensure_writeable"]
)
def test_check_that_is_not_yielded(name, estimator):
    if name.endswith("consistency"):
        pytest.importorskip("pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        getattr(estimator_checks, name)(type(estimator).__name__, clone(estimator))


def test_it_is_a_classifier_that_takes_sparse_rows():
    assert is_classifier(SoftmaxRegression())
    tags = SoftmaxRegression().__sklearn_tags__()
    assert tags.input_tags.sparse
    assert tags.target_tags.required
    assert tags.classifier_tags.multi_class


def test_parameters_are_keyword_only():
    with pytest.raises(TypeError):
        SoftmaxRegression(2.0)


def test_clone_keeps_every_parameter_and_nothing_fitted():
    parameters = {
        "C": 2.5,
        "l1_ratio": 0.0,
        "fit_intercept": False,
        "class_weight": {0: 2.0},
        "solver": "lbfgs",
        "tol": 1e-3,
        "max_iter": 7,
        "warm_start": True,
        "random_state": 3,
        "n_jobs": 2,
        "verbose": 0,
    }
    model = SoftmaxRegression(**parameters).fit(*simulated())
    copy = clone(model)
    assert copy.get_params() == parameters
    assert sorted(vars(copy)) == sorted(parameters)


ALLOWED = (np.ndarray, np.generic, str, int, float, bool, type(None))


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_fitted_model_holds_parameters_arrays_and_numbers_only(solver, n_classes):
    model = SoftmaxRegression(solver=solver).fit(*simulated(n_classes=n_classes))
    for name, value in vars(model).items():
        parts = value if isinstance(value, list) else [value]
        assert all(isinstance(part, ALLOWED) for part in parts), name
        assert not any(isinstance(part, np.ndarray) and part.base is not None for part in parts)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_pickle_and_joblib_bring_back_the_same_model(n_classes):
    X, y = simulated(n_classes=n_classes)
    model = SoftmaxRegression().fit(X, y)
    dumped = io.BytesIO()
    joblib.dump(model, dumped)
    dumped.seek(0)
    for copy in (pickle.loads(pickle.dumps(model)), joblib.load(dumped)):
        assert_same_bits(copy, model)
        assert list(vars(copy)) == list(vars(model))
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))


def test_a_pickle_is_hardly_larger_than_its_coefficients():
    X, y = simulated(2000, 50, 10)
    model = SoftmaxRegression().fit(X, y)
    assert len(pickle.dumps(model)) < model.coef_.nbytes + 5000


def test_sample_weight_is_routed_through_cross_validation():
    X, y = simulated(300)
    weight = np.random.default_rng(1).integers(0, 4, size=300).astype(float)
    folds = [(np.arange(200), np.arange(200, 300)), (np.arange(100, 300), np.arange(100))]
    with sklearn.config_context(enable_metadata_routing=True):
        model = SoftmaxRegression().set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        found = cross_validate(
            model, X, y, cv=folds, params={"sample_weight": weight}, return_estimator=True
        )
    for (train, test), fitted, score in zip(
        folds, found["estimator"], found["test_score"], strict=True
    ):
        alone = SoftmaxRegression().fit(X[train], y[train], weight[train])
        assert_same_bits(fitted, alone)
        assert score == alone.score(X[test], y[test], weight[test])


def test_sample_weight_is_routed_through_a_grid_search_over_a_pipeline():
    X, y = simulated(300)
    weight = np.random.default_rng(1).integers(1, 4, size=300).astype(float)
    with sklearn.config_context(enable_metadata_routing=True):
        model = SoftmaxRegression().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        search = GridSearchCV(
            make_pipeline(scaler, model),
            {"softmaxregression__C": [0.01, 1.0]},
            cv=3,
            scoring=get_scorer("accuracy").set_score_request(sample_weight=True),
        )
        search.fit(X, y, sample_weight=weight)
    C = search.best_params_["softmaxregression__C"]
    alone = SoftmaxRegression(C=C).fit(StandardScaler().fit_transform(X), y, weight)
    assert_same_bits(search.best_estimator_[-1], alone)


def test_a_weight_that_was_not_requested_is_refused():
    X, y = simulated()
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(SoftmaxRegression(), {"C": [1.0]}, cv=2)
        with pytest.raises(ValueError, match="sample_weight"):
            search.fit(X, y, sample_weight=np.ones(len(y)))


def test_feature_names_are_kept_and_checked():
    pandas = pytest.importorskip("pandas")
    X, y = simulated(p=3)
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    model = SoftmaxRegression().fit(frame, y)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    assert_same_model(model, SoftmaxRegression().fit(X, y), rtol=1e-9)
    np.testing.assert_array_equal(model.predict(frame), SoftmaxRegression().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"a": "z"}))
    with pytest.warns(UserWarning, match="feature names"):
        model.predict(X)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")


def test_a_model_in_a_pipeline_predicts_as_it_does_alone():
    pandas = pytest.importorskip("pandas")
    X, y = simulated(p=3)
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    pipeline = make_pipeline(
        make_column_transformer((StandardScaler(), ["a", "c"])), SoftmaxRegression()
    ).fit(frame, y)
    scaled = StandardScaler().fit_transform(X[:, [0, 2]])
    alone = SoftmaxRegression().fit(scaled, y)
    np.testing.assert_allclose(
        pipeline.predict_proba(frame), alone.predict_proba(scaled), rtol=1e-9
    )


def test_a_default_fit_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SoftmaxRegression().fit(*simulated())


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_an_unfitted_model_says_so(method):
    with pytest.raises(NotFittedError, match="SoftmaxRegression"):
        getattr(SoftmaxRegression(), method)(np.zeros((2, 2)))
    for other in ("sparsify", "densify", "to_sklearn"):
        with pytest.raises(NotFittedError):
            getattr(SoftmaxRegression(), other)()


@pytest.mark.parametrize("n_classes", [2, 4])
def test_sparsify_and_densify_change_the_format_only(n_classes):
    X, y = simulated(n_classes=n_classes)
    model = SoftmaxRegression().fit(X, y)
    coef, proba = model.coef_.copy(), model.predict_proba(X)
    assert model.sparsify() is model
    assert scipy.sparse.issparse(model.coef_)
    for rows in (X, scipy.sparse.csr_matrix(X)):
        np.testing.assert_allclose(model.predict_proba(rows), proba, rtol=1e-12)
    assert isinstance(model.to_sklearn().coef_, np.ndarray)
    assert model.densify() is model
    np.testing.assert_array_equal(model.coef_, coef)
    assert model.densify().coef_.dtype == coef.dtype


@pytest.mark.parametrize("n_classes", [2, 4])
def test_to_sklearn_predicts_the_same(n_classes):
    X, y = simulated(n_classes=n_classes)
    model = SoftmaxRegression(C=0.3).fit(X, np.array(list("wxyz"))[y])
    other = model.to_sklearn()
    assert type(other).__module__.startswith("sklearn.")
    assert other.get_params()["C"] == 0.3
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    for method in ("predict_proba", "decision_function"):
        np.testing.assert_allclose(getattr(other, method)(X), getattr(model, method)(X), rtol=1e-12)
    other.coef_[:] = 0
    assert model.coef_.any()
