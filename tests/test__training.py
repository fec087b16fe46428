"""A run over epochs: where it starts, its learning rates, why it ends, and the best of several."""

import numpy as np
import pytest
import reference
from networks import METHODS, problem, settings

from skmax import _network


@pytest.mark.parametrize("activation", _network.ACTIVATIONS)
def test_initial_weights_fill_their_interval(activation):
    layers = _network.draw((400, 300, 200, 5), activation, np.random.RandomState(0))
    glorot = 2.0 if activation == "logistic" else 6.0
    for index, (n_in, n_out) in enumerate([(400, 300), (300, 200), (200, 5)]):
        rectified = index > 0 and activation in ("relu", "leaky_relu", "gelu", "silu")
        bound = np.sqrt(6 / n_in if rectified else glorot / (n_in + n_out))
        weights, bias = layers[index]
        assert weights.shape == (n_in, n_out)
        assert 0.98 * bound < np.abs(weights).max() <= bound
        assert abs(weights.mean()) < 0.06 * bound
        assert np.abs(bias).max() <= bound
        assert np.ptp(bias) > bound


def test_rectified_values_keep_their_spread_through_many_layers():
    values, _ = reference.network_forward(
        _network.draw((50,) * 20, "relu", np.random.RandomState(0)),
        np.random.default_rng(0).normal(size=(200, 50)),
        "relu",
    )
    spread = [float((value**2).mean()) for value in values[1:-1]]
    assert max(spread) < 10 * min(spread)


def learning_rate(name):
    return _network.LearningRate(settings(learning_rate=name, learning_rate_init=0.1, max_iter=10))


def test_learning_rates_follow_their_schedules():
    cosine = learning_rate("cosine")
    rates = np.concatenate([cosine.of_epoch(epoch, 4) for epoch in range(10)])
    np.testing.assert_allclose(rates, 0.05 * (1 + np.cos(np.pi * np.arange(40) / 40)))
    cycle = learning_rate("one_cycle")
    rates = np.concatenate([cycle.of_epoch(epoch, 10) for epoch in range(10)])
    assert rates[0] == pytest.approx(0.1 / 25)
    assert rates.argmax() == 30
    assert rates[30] == pytest.approx(0.1)
    assert np.all(np.diff(rates[:31]) > 0)
    assert np.all(np.diff(rates[30:]) < 0)
    assert 0 < rates[-1] < 1e-3
    assert cycle.of_epoch(10, 3) == pytest.approx([4e-7] * 3)  # beyond the last epoch


def test_adaptive_and_invscaling_are_lowered_from_epoch_to_epoch():
    adaptive = learning_rate("adaptive")
    lowered = [adaptive.current for _ in range(20) if adaptive.lower()]
    np.testing.assert_allclose(lowered[:3], [0.02, 0.004, 0.0008])
    assert lowered[-1] <= 1e-6 < lowered[-2]
    assert not adaptive.lower()
    inverse = learning_rate("invscaling")
    assert not inverse.lower()
    inverse.end_epoch(99)
    np.testing.assert_allclose(inverse.of_epoch(1, 2), 0.01)
    constant = learning_rate("constant")
    constant.end_epoch(99)
    assert not constant.lower()
    assert constant.of_epoch(3, 2).tolist() == [0.1, 0.1]


class Silent:
    """Notes the losses that it is told of; asks to stop after some."""

    def __init__(self, stop_after=np.inf):
        self.losses, self.stop_after = [], stop_after

    def on_epoch_begin(self):
        pass

    def on_epoch_end(self, loss, rating, run):
        self.losses.append(loss)
        return len(self.losses) >= self.stop_after


def run_of(given, *, observer=None, stop=None, score=None, seed=0):
    """A run on a small problem, which is its own validation set where there is a `score`."""
    network, samples, *_ = problem((5, 8, 3), n=64, seed=seed)
    lbfgs = isinstance(given.method, _network.Lbfgs)
    return _network.TrainingRun(
        given,
        network,
        samples,
        random=np.random.RandomState(0),
        threads=1,
        observer=Silent() if observer is None else observer,
        stop=_network.StopRequest() if stop is None else stop,
        validation=None if score is None else _network.Validation(samples, score),
        optimiser=None if lbfgs else _network.Optimiser(given.method, network.layout),
    )


def test_a_run_gives_back_its_weights_and_what_it_saw():
    observer = Silent()
    run = run_of(settings(), observer=observer)
    result = run.run(10)
    assert result.ending is _network.Ending.STILL_FALLING
    assert result.history.loss_curve == observer.losses
    assert len(observer.losses) == 10
    assert result.history.n_seen == 640
    assert result.loss == observer.losses[-1]
    assert result.n_steps == 40
    for (weights, bias), coef, intercept in zip(
        run.network.layers(), result.coefs, result.intercepts, strict=True
    ):
        np.testing.assert_array_equal(coef, weights)
        np.testing.assert_array_equal(intercept, bias)
        assert coef.base is intercept.base is None


def test_a_run_ends_where_nothing_becomes_better():
    rule = _network.EarlyStopping(_network.Monitor.TRAINING_LOSS, np.inf, 3)
    result = run_of(settings(early_stopping=rule)).run(10)
    assert result.ending is _network.Ending.CONVERGED
    # No loss falls by an infinite amount, not even the first.
    assert len(result.history.loss_curve) == 4


def test_a_run_keeps_the_weights_of_the_best_score():
    scores = iter([0.1, 0.7, 0.3, 0.7, 0.2])
    seen = []

    def score(reached):
        seen.append(reached)
        assert reached.ending is None
        return next(scores)

    rule = _network.EarlyStopping(_network.Monitor.VALIDATION_SCORE, 0.0, np.inf)
    result = run_of(settings(early_stopping=rule), score=score).run(5)
    assert result.kept.score == 0.7
    assert result.history.validation_scores == [0.1, 0.7, 0.3, 0.7, 0.2]
    np.testing.assert_array_equal(result.coefs[0], seen[1].coefs[0])
    assert result.loss == result.history.validation_losses[1]


@pytest.mark.parametrize("method", [METHODS["adam"], _network.Lbfgs(1e-9, 1000)])
def test_a_run_stops_where_it_is_asked_to(method):
    observer = Silent(stop_after=3)
    result = run_of(settings(method=method), observer=observer).run(10)
    assert result.ending is _network.Ending.STOPPED_BY_CALLBACK
    assert len(result.history.loss_curve) == 3


@pytest.mark.parametrize(
    ("given", "ending"),
    [
        ({"max_iter": 3, "max_fun": 1000}, _network.Ending.OUT_OF_ITERATIONS),
        ({"max_iter": 1000, "max_fun": 4}, _network.Ending.OUT_OF_ITERATIONS),
        ({"max_iter": 1000, "max_fun": 1000, "tol": 0.1}, _network.Ending.CONVERGED),
    ],
)
def test_lbfgs_says_why_it_ended(given, ending):
    method = _network.Lbfgs(given.get("tol", 1e-9), given["max_fun"])
    result = run_of(settings(method=method)).run(given["max_iter"])
    assert result.ending is ending
    assert result.optimiser_state == ()


def test_the_best_of_several_runs_is_the_one_of_lowest_loss():
    ended = []

    def on_end(index, result):
        ended.append((index, result.loss))
        return False

    stop = _network.StopRequest()
    result = _network.best_of(
        lambda index: run_of(settings(), stop=stop, seed=index), 4, 3,
        side_by_side=1, stop=stop, on_end=on_end,
    )  # fmt: skip
    assert [index for index, _ in ended] == [0, 1, 2, 3]
    assert result.loss == min(loss for _, loss in ended)


def test_runs_that_all_diverge_say_in_which_epoch_the_first_did():
    given = settings(method=METHODS["nesterov"], learning_rate_init=1e300)
    stop = _network.StopRequest()
    with pytest.raises(_network.Diverged) as caught:
        _network.best_of(
            lambda index: run_of(given, stop=stop, seed=index), 2, 5, side_by_side=1, stop=stop
        )
    assert 1 <= caught.value.epoch <= 5


def test_the_first_request_to_stop_counts():
    stop = _network.StopRequest()
    assert stop.ending is None
    stop.set(_network.Ending.INTERRUPTED)
    stop.set(_network.Ending.STOPPED_BY_CALLBACK)
    assert stop.ending is _network.Ending.INTERRUPTED


def test_an_ending_says_what_to_do():
    said = _network.Ending.STILL_FALLING.sentence(max_iter=7, learning_rate_init=0.001)
    assert "after max_iter=7 epochs. Raise max_iter or learning_rate_init (0.001)" in said
