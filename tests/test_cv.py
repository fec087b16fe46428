"""SoftmaxRegressionCV: scores and choice of LogisticRegressionCV, and what it promises beyond."""

import inspect
import re
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest
import scipy.sparse
import sklearn
from problems import one_hot, simulated, sparse_simulated
from sklearn import metrics
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import get_scorer, get_scorer_names, log_loss, make_scorer
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, cross_val_score

import skmax
from skmax import SoftmaxRegression, SoftmaxRegressionCV
from skmax._estimators.scoring import Scoring
from skmax.linear_model import _folds

GRID = [1e-3, 1e-1, 1.0, 10.0]
HAS_LEGACY = "use_legacy_attributes" in LogisticRegressionCV().get_params()
needs_new_attributes = pytest.mark.skipif(not HAS_LEGACY, reason="scikit-learn before 1.8")


def theirs(X, y, sample_weight=None, **parameters):
    """LogisticRegressionCV, solved tightly."""
    settings = {"scoring": "neg_log_loss", "Cs": GRID, "l1_ratios": (0.0,), **parameters}
    model = LogisticRegressionCV(use_legacy_attributes=False, tol=1e-9, max_iter=10_000, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y, sample_weight=sample_weight)


@needs_new_attributes
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"scoring": "accuracy"},
        {"scoring": None},
        {"scoring": "roc_auc_ovr"},
        {"fit_intercept": False},
        {"class_weight": "balanced"},
        {"refit": False},
        {"cv": 3, "Cs": 4},
    ],
    ids=str,
)
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_and_attributes_are_those_of_scikit_learn(n_classes, parameters, weighted):
    X, y = simulated(150, 4, n_classes)
    y[: 150 // 3] = 0
    weight = np.random.default_rng(0).uniform(0.5, 2, 150) if weighted else None
    ours = SoftmaxRegressionCV(**{"Cs": GRID, **parameters}).fit(X, y, weight)
    other = theirs(X, y, weight, **parameters)
    assert ours.scores_.shape == other.scores_.shape
    np.testing.assert_allclose(ours.scores_, other.scores_, atol=1e-4)
    assert ours.coefs_paths_.shape == other.coefs_paths_.shape
    np.testing.assert_allclose(ours.coefs_paths_, other.coefs_paths_, atol=5e-3)
    assert ours.n_iter_.shape == other.n_iter_.shape
    assert pytest.approx(other.C_) == ours.C_
    assert ours.l1_ratio_ == other.l1_ratio_ == 0.0
    np.testing.assert_allclose(ours.Cs_, other.Cs_)
    np.testing.assert_allclose(ours.coef_, other.coef_, atol=5e-3)
    np.testing.assert_allclose(ours.intercept_, other.intercept_, atol=5e-3)
    assert ours.score(X, y, sample_weight=weight) == pytest.approx(
        other.score(X, y, sample_weight=weight), abs=1e-3
    )


@needs_new_attributes
def test_a_grid_of_l1_ratios_is_that_of_scikit_learn():
    X, y = load_iris(return_X_y=True)
    grid = {"Cs": [0.05, 0.5], "l1_ratios": [0.0, 0.5, 1.0]}
    ours = SoftmaxRegressionCV(**grid).fit(X, y)
    other = theirs(X, y, solver="saga", **grid)
    np.testing.assert_allclose(ours.scores_, other.scores_, atol=2e-3)
    assert (ours.C_, ours.l1_ratio_) == (other.C_, other.l1_ratio_)
    assert list(ours.l1_ratios_) == [0.0, 0.5, 1.0]
    assert (ours.coefs_paths_[:, 2, 0] == 0).any()


@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, scipy.sparse.csr_array])
def test_a_fold_is_a_fit_of_its_own(l1_ratio, convert):
    X, y = sparse_simulated(160, 7, 4)
    folds = list(StratifiedKFold(4).split(X, y))
    model = SoftmaxRegressionCV(Cs=GRID, l1_ratios=[l1_ratio], cv=folds).fit(convert(X), y)
    for fold, (train, test) in enumerate(folds):
        for index, C in enumerate(GRID):
            alone = SoftmaxRegression(C=C, l1_ratio=l1_ratio, tol=1e-12).fit(X[train], y[train])
            score = -log_loss(y[test], alone.predict_proba(X[test]), labels=np.unique(y))
            assert model.scores_[fold, 0, index] == pytest.approx(score, abs=1e-4)
    last = SoftmaxRegression(C=model.C_, l1_ratio=l1_ratio).fit(X, y)
    assert model.objective_ == pytest.approx(last.objective_, rel=2e-6)
    assert model.converged_
    assert model.optimality_gap_ <= model.tol
    assert model.best_score_ == pytest.approx(model.scores_.mean(axis=0).max())
    best = model.scores_[:, 0, GRID.index(model.C_)]
    assert model.std_score_ == pytest.approx(best.std())


def test_more_columns_than_rows_and_float32():
    X, y = simulated(40, 60, 3)
    model = SoftmaxRegressionCV(Cs=GRID, l1_ratios=[0.0, 1.0], cv=3).fit(X.astype(np.float32), y)
    assert model.coef_.dtype == np.float32
    for fold, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
        alone = SoftmaxRegression(C=1.0, tol=1e-10).fit(X[train], y[train])
        score = -log_loss(y[test], alone.predict_proba(X[test]))
        assert model.scores_[fold, 0, 2] == pytest.approx(score, abs=1e-3)


def test_the_bits_do_not_depend_on_the_number_of_threads():
    X, y = simulated(2500, 20, 4)
    models = [
        SoftmaxRegressionCV(Cs=GRID, l1_ratios=[0.0, 1.0], n_jobs=n_jobs).fit(X, y)
        for n_jobs in (1, 2, None)
    ]
    for name in ("scores_", "coefs_paths_", "n_iter_", "coef_"):
        for model in models[1:]:
            np.testing.assert_array_equal(getattr(model, name), getattr(models[0], name))


@pytest.mark.parametrize("name", ["iris", "wine", "overlapping", "separable"])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.8])
def test_fits_of_folds_end_where_no_score_moves_by_1e_4(monkeypatch, name, l1_ratio):
    X, y = {
        "iris": lambda: load_iris(return_X_y=True),
        "wine": lambda: load_wine(return_X_y=True),
        "overlapping": lambda: simulated(300, 10, 5),
        "separable": lambda: simulated(80, 10, 3, strength=3.0),
    }[name]()
    settings = {"Cs": 6, "l1_ratios": [l1_ratio], "refit": False}
    ended = SoftmaxRegressionCV(**settings).fit(X, y)
    monkeypatch.setattr(_folds, "MOVES", -1.0)
    tight = SoftmaxRegressionCV(**settings).fit(X, y)
    np.testing.assert_allclose(ended.scores_, tight.scores_, atol=1e-4)


def test_weights_are_repetitions():
    X, y = simulated(90, 4, 3)
    weight = np.random.default_rng(1).integers(1, 3, 90)
    rows = np.repeat(np.arange(90), weight)
    folds = list(KFold(3).split(X))
    repeated = [
        (np.flatnonzero(np.isin(rows, a)), np.flatnonzero(np.isin(rows, b))) for a, b in folds
    ]
    one = SoftmaxRegressionCV(Cs=GRID, cv=folds).fit(X, y, weight)
    other = SoftmaxRegressionCV(Cs=GRID, cv=repeated).fit(X[rows], y[rows])
    np.testing.assert_allclose(one.scores_, other.scores_, atol=1e-4)
    assert one.C_ == other.C_


def test_rows_that_a_split_gives_twice_count_twice():
    X, y = simulated(60, 3, 3)
    test = np.arange(20)
    twice = np.concatenate([np.arange(20, 60), np.arange(30, 60)])
    mask = np.arange(60) < 20
    one = SoftmaxRegressionCV(Cs=[0.1], cv=[(twice, test)]).fit(X, y)
    alone = SoftmaxRegression(C=0.1).fit(X[twice], y[twice])
    assert one.scores_[0, 0, 0] == pytest.approx(
        -log_loss(y[:20], alone.predict_proba(X[:20])), abs=1e-4
    )
    masked = SoftmaxRegressionCV(Cs=[0.1], cv=[(~mask, mask)]).fit(X, y)
    listed = SoftmaxRegressionCV(Cs=[0.1], cv=[(np.arange(20, 60), test)]).fit(X, y)
    np.testing.assert_array_equal(masked.scores_, listed.scores_)


def test_soft_labels():
    X, y = simulated(120, 4, 3)
    soft = 0.8 * one_hot(y) + 0.2 / 3
    model = SoftmaxRegressionCV(Cs=GRID).fit(X, soft)
    for fold, (train, test) in enumerate(KFold(5).split(X)):
        alone = SoftmaxRegression(C=1.0).fit(X[train], soft[train])
        score = np.mean(np.sum(soft[test] * alone.predict_log_proba(X[test]), axis=1))
        assert model.scores_[fold, 0, 2] == pytest.approx(score, abs=1e-4)
    assert model.score(X, soft) == pytest.approx(
        np.mean(np.sum(soft * model.predict_log_proba(X), axis=1))
    )
    counts = SoftmaxRegressionCV(Cs=GRID).fit(X, 5.0 * soft)
    np.testing.assert_allclose(counts.score(X, 5.0 * soft), counts.score(X, soft), rtol=1e-12)
    hard = SoftmaxRegressionCV(Cs=GRID, cv=KFold(3)).fit(X, y)
    as_soft = SoftmaxRegressionCV(Cs=GRID, cv=KFold(3)).fit(X, one_hot(y))
    np.testing.assert_allclose(hard.scores_, as_soft.scores_, atol=1e-4)
    accuracy = SoftmaxRegressionCV(Cs=GRID, scoring=None).fit(X, soft)
    assert accuracy.score(X, soft) == pytest.approx(
        SoftmaxRegression(C=accuracy.C_).fit(X, soft).score(X, soft), abs=1e-3
    )
    with pytest.raises(ValueError, match="scoring='accuracy' is for labels; for soft labels take"):
        SoftmaxRegressionCV(scoring="accuracy").fit(X, soft)


def test_classes_are_the_same_in_all_folds():
    X, y = simulated(60, 3, 3)
    y = np.array(["a", "b", "c"])[y]
    y[:40] = np.where(y[:40] == "c", "a", y[:40])
    folds = [(np.arange(40), np.arange(40, 60)), (np.arange(20, 60), np.arange(20))]
    model = SoftmaxRegressionCV(Cs=GRID, cv=folds).fit(X, y)
    assert list(model.classes_) == ["a", "b", "c"]
    assert model.coefs_paths_.shape == (2, 1, 4, 3, 4)
    assert np.isfinite(model.scores_).all()
    assert (model.scores_[0] < -5).all()  # a class that the fold has never seen
    brier = SoftmaxRegressionCV(Cs=GRID, cv=folds, scoring="f1_macro")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class is never predicted
        assert np.isfinite(brier.fit(X, y).scores_).all()


def test_a_fold_of_one_class_is_left_out_by_name():
    X, y = simulated(60, 3, 2)
    y[:30] = 0
    y[30:32], y[32:34] = 0, 1
    folds = [(np.arange(30), np.arange(30, 60)), *KFold(2, shuffle=True, random_state=0).split(X)]
    with pytest.warns(FitFailedWarning, match="fold 1 of 3 .* fewer than two classes"):
        model = SoftmaxRegressionCV(Cs=GRID, cv=folds).fit(X, y)
    assert np.isnan(model.scores_[0]).all()
    assert np.isfinite(model.scores_[1:]).all()
    assert model.best_score_ == pytest.approx(np.nanmean(model.scores_, axis=0).max())
    with pytest.warns(FitFailedWarning), pytest.raises(ValueError, match="no penalty has a score"):
        SoftmaxRegressionCV(Cs=GRID, cv=folds[:1]).fit(X, y)


def test_a_scorer_that_raises_loses_its_fold_alone():
    X, y = simulated(90, 3, 3)

    def scorer(model, X, y):
        if len(y) == 40:
            raise RuntimeError("too many")
        return model.score(X, y)

    folds = [(np.arange(50), np.arange(50, 90)), (np.arange(60), np.arange(60, 90))]
    with pytest.warns(FitFailedWarning, match="fold 1 of 2 .* raised RuntimeError: too many"):
        model = SoftmaxRegressionCV(Cs=GRID, cv=folds, scoring=scorer).fit(X, y)
    assert np.isnan(model.scores_[0]).all()
    assert np.isfinite(model.scores_[1]).all()


def test_one_standard_error():
    X, y = simulated(200, 8, 3, strength=0.5)
    best = SoftmaxRegressionCV(Cs=20).fit(X, y)
    model = SoftmaxRegressionCV(Cs=20, selection="1se").fit(X, y)
    np.testing.assert_array_equal(model.scores_, best.scores_)
    means = model.scores_[:, 0].mean(axis=0)
    error = model.scores_[:, 0, means.argmax()].std(ddof=1) / np.sqrt(5)
    index = list(model.Cs_).index(model.C_)
    assert means[index] >= means.max() - error > means[index - 1]
    assert model.C_ < best.C_
    averaged = SoftmaxRegressionCV(Cs=20, selection="1se", refit=False).fit(X, y)
    assert averaged.C_ == model.C_
    mean = averaged.coefs_paths_[:, 0, index].mean(axis=0)
    np.testing.assert_allclose(averaged.coef_, mean[:, :-1])
    assert not hasattr(averaged, "converged_")
    again = model.set_params(refit=False).fit(X, y)
    assert not hasattr(again, "converged_")
    np.testing.assert_array_equal(again.coef_, averaged.coef_)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"Cs": 0}, "SoftmaxRegressionCV: Cs must be an integer >= 1 or positive numbers"),
        ({"Cs": []}, "Cs must be"),
        ({"Cs": [1.0, 0.5]}, "each larger than the one before"),
        ({"Cs": [0.0]}, "Cs must be"),
        ({"Cs": [np.nan]}, "Cs must be"),
        ({"Cs": [-1.0, 1.0]}, "Cs must be"),
        ({"l1_ratios": []}, "l1_ratios must be one or more numbers from 0 to 1"),
        ({"l1_ratios": [1.5]}, "l1_ratios must be one or more numbers from 0 to 1"),
        ({"l1_ratios": [np.nan]}, "l1_ratios must be"),
        ({"l1_ratios": None}, "l1_ratios must be"),
        ({"l1_ratios": 0.5}, "l1_ratios must be"),
        ({"l1_ratios": [0.5], "solver": "lbfgs"}, "solver must be 'auto' or 'newton'"),
        ({"selection": "worst"}, "selection must be one of 'best', '1se'"),
        ({"refit": "yes"}, "refit must be True or False"),
        ({"scoring": "nonsense"}, "nonsense"),
        ({"cv": 1000}, "n_splits=1000"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(parameters, said):
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegressionCV(Cs=[1.0]).fit(X, y)
    before = {name: value for name, value in vars(model).items() if name.endswith("_")}
    model.set_params(**parameters)
    with pytest.raises(ValueError, match=re.escape(said)):
        model.fit(X, y)
    after = {name: value for name, value in vars(model).items() if name.endswith("_")}
    assert before.keys() == after.keys()
    assert all(before[name] is after[name] for name in before)


def test_an_interrupt_leaves_the_estimator_as_it_was():
    X, y = simulated(200, 4, 3)

    def interrupt(model, X, y):
        raise KeyboardInterrupt

    model = SoftmaxRegressionCV(Cs=GRID, scoring=interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_a_scorer_is_called_once_for_each_fit_in_order():
    X, y = simulated(80, 3, 3)
    called = []

    def scorer(model, X, y):
        called.append((len(y), model.C))
        return 0.0

    folds = [(np.arange(40), np.arange(40, 80)), (np.arange(40, 80), np.arange(39))]
    SoftmaxRegressionCV(Cs=GRID, cv=folds, scoring=scorer).fit(X, y)
    assert called == [(n, C) for n in (40, 39) for C in GRID]


def test_verbose_prints_a_line_for_each_fit(capsys):
    X, y = simulated(60, 3, 3)
    SoftmaxRegressionCV(Cs=GRID, l1_ratios=[0.0, 1.0], cv=3, verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 24
    assert sum("fold 2/3" in line for line in lines) == 8


def test_warnings_say_which_fits_have_not_converged():
    X, y = simulated(200, 5, 4)
    with pytest.warns(ConvergenceWarning, match="fits of folds, the first of them of fold 1"):
        SoftmaxRegressionCV(Cs=[1.0, 100.0], max_iter=1).fit(X, y)


def test_metadata_are_routed():
    X, y = simulated(90, 3, 3)
    groups, weight = np.arange(90) % 6, np.random.default_rng(0).uniform(0.1, 3, 90)
    with pytest.raises(ValueError, match="only supported if enable_metadata_routing=True"):
        SoftmaxRegressionCV(cv=GroupKFold(3)).fit(X, y, groups=groups)
    with sklearn.config_context(enable_metadata_routing=True):
        cv = GroupKFold(3)
        scorer = get_scorer("neg_log_loss").set_score_request(sample_weight=False)
        model = SoftmaxRegressionCV(Cs=GRID, cv=cv, scoring=scorer)
        model.set_fit_request(sample_weight=True).fit(X, y, weight, groups=groups)
        scorer = get_scorer("neg_log_loss").set_score_request(sample_weight=True)
        other = SoftmaxRegressionCV(Cs=GRID, cv=cv, scoring=scorer)
        other.set_fit_request(sample_weight=True).fit(X, y, weight, groups=groups)
        assert other.score(X, y, sample_weight=weight) != other.score(X, y)
    np.testing.assert_array_equal(model.coefs_paths_, other.coefs_paths_)
    assert np.abs(model.scores_ - other.scores_).min() > 1e-6
    for fold, (_, test) in enumerate(cv.split(X, y, groups)):
        alone = SoftmaxRegression(C=1.0)
        train = np.setdiff1d(np.arange(90), test)
        alone.fit(X[train], y[train], weight[train])
        expected = -log_loss(y[test], alone.predict_proba(X[test]), sample_weight=weight[test])
        assert other.scores_[fold, 0, 2] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_scorers_are_told_of_all_classes_where_they_need_it(n_classes):
    for name in set(get_scorer_names()) - {"neg_log_loss"}:
        metric = re.search(r"make_scorer\((\w+)", repr(get_scorer(name))).group(1)
        if hasattr(metrics, metric):  # two are of functions that are not public
            wants = "labels" in inspect.signature(getattr(metrics, metric)).parameters
            told = Scoring(name, np.arange(n_classes)).of_classes()
            assert ("labels" in told) == wants, name


def test_the_score_of_unknown_labels_is_an_error():
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegressionCV(Cs=GRID).fit(X, y)
    with pytest.raises(ValueError, match="not among the classes"):
        model.score(X, y + 7)
    assert model.score(X, list(y)) == model.score(X, y)


def test_a_fit_of_one_penalty_does_without_what_cross_validation_needs():
    code = """
    import sys
    import skmax
    skmax.SoftmaxRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])
    print(*(name for name in ("sklearn.metrics", "sklearn.model_selection") if name in sys.modules))
    skmax.linear_model.SoftmaxRegressionCV
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert told.strip() == ""
    assert not hasattr(skmax.linear_model, "Nonsense")


def test_a_search_around_it_and_a_clone():
    X, y = load_wine(return_X_y=True)
    model = clone(SoftmaxRegressionCV(Cs=GRID, cv=3))
    assert cross_val_score(model, X, y, cv=3).mean() > -0.2
    custom = make_scorer(log_loss, greater_is_better=False, response_method="predict_proba")
    one = SoftmaxRegressionCV(Cs=GRID, scoring=custom).fit(X, y)
    other = SoftmaxRegressionCV(Cs=GRID).fit(X, y)
    np.testing.assert_allclose(one.scores_, other.scores_, atol=1e-6)


def test_names_of_columns_and_to_sklearn():
    pandas = pytest.importorskip("pandas")
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = SoftmaxRegressionCV(Cs=GRID, l1_ratios=[0.5]).fit(X, y)
    assert list(model.feature_names_in_) == list(X.columns)
    assert isinstance(X, pandas.DataFrame)
    assert model.score(X, y) > -0.2
    other = model.to_sklearn()
    assert other.C == model.C_
    np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X), atol=1e-12)
