"""Lines of `verbose`, and scikit-learn's callbacks on both estimators."""

import re
import warnings

import numpy as np
import pytest
from problems import assert_same_bits, simulated
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skmax import MLPClassifier, SoftmaxRegression

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn >= 1.9")

NETWORKS = [MLPClassifier((4,), solver=s, max_iter=6, random_state=0) for s in ("adam", "lbfgs")]
MODELS = [*NETWORKS, SoftmaxRegression(solver="newton"), SoftmaxRegression(solver="lbfgs")]
each_model = pytest.mark.parametrize("model", MODELS, ids=repr)


def fit(model, X, y, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, **given)


def fresh(model):
    return type(model)(**model.get_params())


class Recorder:
    """Notes what it is told; asks to stop after some iterations."""

    def __init__(self, stop_after=np.inf):
        self.stop_after, self.told, self.models, self.first = stop_after, [], [], []
        self.metadata = []

    def setup(self, estimator, context):
        self.told.append("setup")

    def teardown(self, estimator, context):
        self.told.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator):
        self.told.append(f"begin {context.task_name}")
        if context.task_name != "fit":
            self.first.append(fitted_estimator)

    def on_fit_task_end(self, estimator, context, *, X, y, metadata, fitted_estimator):
        self.told.append(f"end {context.task_name}")
        self.metadata.append(metadata)
        if context.task_name == "fit":
            return False
        self.models.append(fitted_estimator)
        assert fitted_estimator.predict_proba(X).shape[1] == len(np.unique(y))
        return len(self.models) >= self.stop_after


@each_model
def test_callbacks_are_told_of_every_iteration_and_change_nothing(model):
    X, y = simulated()
    recorder = Recorder()
    told = fit(fresh(model).set_callbacks(recorder), X, y)
    alone = fit(fresh(model), X, y)
    assert_same_bits(told, alone)
    name = "epoch" if getattr(model, "solver", "") == "adam" else "iteration"
    each = [f"begin {name}", f"end {name}"] * int(np.max(told.n_iter_))
    assert recorder.told == ["setup", "begin fit", *each, "end fit", "teardown"]
    np.testing.assert_array_equal(recorder.models[-1].predict_proba(X), told.predict_proba(X))


@each_model
def test_an_iteration_begins_with_what_the_one_before_it_has_reached(model):
    X, y = simulated()
    recorder = Recorder()
    fit(fresh(model).set_callbacks(recorder), X, y)
    assert len(recorder.first) == len(recorder.models) > 2
    assert recorder.first[0] is None
    for begin, end in zip(recorder.first[1:], recorder.models[:-1], strict=True):
        assert_same_bits(begin, end)
    shorter = fit(fresh(model).set_params(max_iter=2), X, y)
    np.testing.assert_array_equal(recorder.first[2].predict_proba(X), shorter.predict_proba(X))
    assert recorder.first[2].n_iter_ == shorter.n_iter_ == 2


@each_model
def test_a_request_to_stop_leaves_what_was_reached(model):
    X, y = simulated()
    recorder = Recorder(stop_after=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stopped = fresh(model).set_callbacks(recorder).fit(X, y)
    assert stopped.n_iter_ == 2
    assert not stopped.converged_
    assert len(stopped.loss_curve_) == (2 if isinstance(model, MLPClassifier) else 3)
    np.testing.assert_array_equal(recorder.models[-1].predict_proba(X), stopped.predict_proba(X))


@each_model
def test_callbacks_are_given_the_weights_and_torn_down_after_an_error(model):
    X, y = simulated()
    recorder = Recorder()
    told = fresh(model).set_callbacks(recorder)
    weight = np.ones(len(y))
    fit(told, X, y, sample_weight=weight)
    assert all(metadata == {"sample_weight": weight} for metadata in recorder.metadata)
    recorder.told.clear()
    with pytest.raises(ValueError, match="NaN"):
        told.fit(np.full_like(X, np.nan), y)
    assert recorder.told == ["setup", "teardown"]
    assert told.predict(X).shape == y.shape


@each_model
def test_a_callback_that_fails_leaves_the_estimator_as_it_was(model):
    class Failing(Recorder):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("in the callback")

    X, y = simulated()
    told = fit(fresh(model), X, y).set_callbacks(Failing())
    before = {name: value for name, value in vars(told).items() if name.endswith("_")}
    with pytest.raises(RuntimeError, match="in the callback"):
        told.fit(X, y)
    assert all(getattr(told, name) is value for name, value in before.items())


@each_model
def test_the_scoring_monitor_sees_the_scores(model):
    X, y = simulated()
    monitor = callback.ScoringMonitor(scoring="accuracy")
    told = fit(fresh(model).set_callbacks(monitor), X, y)
    log = monitor.get_logs().data
    each = [entry["accuracy"] for entry in log if entry["task_name"] != "fit"]
    assert len(each) == told.n_iter_
    assert each[-1] == told.score(X, y)


def test_a_progress_bar_runs_over_a_grid_search():
    pytest.importorskip("rich", reason="what the bar is drawn with")
    X, y = simulated()
    for model, grid in ((SoftmaxRegression(), {"C": [0.1, 1]}), (NETWORKS[0], {"alpha": [0.1, 1]})):
        search = GridSearchCV(fresh(model), grid, cv=2)
        fit(search.set_callbacks(callback.ProgressBar()), X, y)
        assert search.predict(X).shape == y.shape


def test_several_starts_are_tasks_of_their_own():
    X, y = simulated()
    recorder = Recorder()
    model = MLPClassifier((4,), max_iter=3, n_init=3, random_state=0)
    told = fit(fresh(model).set_callbacks(recorder), X, y)
    assert_same_bits(told, fit(fresh(model), X, y))
    # A start begins from nothing, whatever other starts have reached; so does its first epoch.
    assert recorder.first.count(None) == 6
    for part, count in (("fit", 1), ("start", 3), ("epoch", 9)):
        assert recorder.told.count(f"begin {part}") == recorder.told.count(f"end {part}") == count


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("task", ["epoch", "start"])
def test_a_request_to_stop_ends_all_starts(task, n_jobs):
    class Stopper(Recorder):
        def on_fit_task_end(self, estimator, context):
            self.told.append(context.task_name)
            return context.task_name == task and self.told.count(task) >= 2

    X, y = simulated()
    stopper = Stopper()
    model = MLPClassifier(
        (4,), learning_rate="cosine", max_iter=20, n_init=6, n_jobs=n_jobs, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_callbacks(stopper).fit(X, y)
    assert not model.converged_
    assert stopper.told.count("start" if task == "start" else "epoch") < 6
    assert model.predict(X).shape == y.shape


@pytest.mark.parametrize("after", [3, 8])
def test_an_interrupt_in_a_later_start_is_told_of(after):
    class Interrupter(Recorder):
        def on_fit_task_end(self, estimator, context):
            self.told.append(context.task_name)
            if context.task_name == "epoch" and self.told.count("epoch") == after:
                raise KeyboardInterrupt

    X, y = simulated()
    model = MLPClassifier(
        (4,), learning_rate="cosine", max_iter=5, n_init=4, n_jobs=1, random_state=0
    )
    interrupter = Interrupter()
    with pytest.warns(UserWarning, match="was interrupted"):
        model.set_callbacks(interrupter).fit(X, y)
    assert not model.converged_
    assert interrupter.told.count("epoch") == after
    assert model.n_iter_ in ((3, 5) if after == 8 else (3,))  # of the start with the lower loss


def test_verbose_prints_a_line_per_epoch(capsys):
    X, y = simulated()
    fit(MLPClassifier((4,), max_iter=12, verbose=True), X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    time = r"[\d.e+]+ (ms|s|min)"
    pattern = rf"epoch  \d/12  loss \d+\.\d{{5}}  {time} each, at most {time} left"
    assert re.fullmatch(pattern, lines[0])
    fit(MLPClassifier((4,), max_iter=2, verbose=True, n_init=2, n_jobs=1), X, y, X_val=X, y_val=y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["start 1"] * 2 + ["start 2"] * 2
    assert re.search(r"validation \d+\.\d{5} \([01]\.\d{4}\)", lines[0])
