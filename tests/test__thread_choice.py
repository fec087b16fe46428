import pytest

from skmax._thread_choice import ThreadChoice


def run(choice, seconds, until, at_once=64):
    """Minibatches that take seconds(threads, time) each, until so much time is spent."""
    counts, begun = [], choice.spent
    while choice.spent - begun < until:
        threads, count = choice.threads, choice.parts(at_once)
        counts.append((threads, count))
        choice.took(count, count * seconds(threads, choice.spent))
    return counts


def spent_on(counts, threads, seconds):
    return sum(count * seconds(n, 0) for n, count in counts if n == threads)


def test_one_thread_is_all_there_is():
    assert {threads for threads, _ in run(ThreadChoice(1, False), lambda n, t: 1e-3, 10)} == {1}


def test_a_short_fit_of_small_minibatches_has_one_thread():
    counts = run(ThreadChoice(4, False), lambda n, t: 1e-3 / n, 0.4, at_once=1)
    assert {threads for threads, _ in counts} == {1}


def test_a_short_fit_of_large_minibatches_has_all_threads():
    counts = run(ThreadChoice(4, True), lambda n, t: 1e-3 / n, 0.09, at_once=1)
    assert {threads for threads, _ in counts} == {4}


@pytest.mark.parametrize("most", [2, 4])
def test_threads_that_are_faster_are_kept(most):
    counts = run(ThreadChoice(most, False), lambda n, t: 1e-3 / n, 10)
    first = [threads for threads, _ in counts].index(most)
    assert {threads for threads, _ in counts[first:]} == {most}
    assert sum(count for _, count in counts[:first]) * 1e-3 < 0.7


def test_large_minibatches_look_at_one_thread_once_and_shortly():
    seconds = {1: 1e-3, 2: 5e-4}
    counts = run(ThreadChoice(2, True), lambda n, t: seconds[n], 10)
    assert 0 < spent_on(counts, 1, lambda n, t: seconds[n]) < 0.05
    assert counts[-1][0] == 2


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("slower", [1.1, 2, 20])
def test_threads_that_are_slower_cost_little(slower, large):
    def seconds(threads, time):
        return 1e-4 * (slower if threads > 1 else 1)

    counts = run(ThreadChoice(2, large), seconds, 10)
    n_batches = sum(count for _, count in counts)
    assert 1.15 * n_batches * 1e-4 >= 10
    assert spent_on(counts, 2, seconds) > 0


@pytest.mark.parametrize("large", [False, True])
def test_a_core_that_is_taken_away_is_noticed_and_one_that_is_free_again_is_used(large):
    choice = ThreadChoice(2, large)
    assert run(choice, lambda n, t: 1e-3 / n, 2)[-1][0] == 2
    busy = run(choice, lambda n, t: 1e-3 * (3 if n > 1 else 1), 2)
    assert busy[-1][0] == 1
    assert spent_on(busy, 2, lambda n, t: 3e-3) < 0.8
    assert run(choice, lambda n, t: 1e-3 / n, 8)[-1][0] == 2


def test_one_slow_slice_is_no_reason_to_change():
    choice = ThreadChoice(2, True)
    assert run(choice, lambda n, t: 1e-3 / n, 10)[-1][0] == 2
    choice.took(64, 0.5)
    assert {threads for threads, _ in run(choice, lambda n, t: 1e-3 / n, 5)} == {2}


@pytest.mark.parametrize("slower", [1, 2])
def test_a_trial_begins_with_one_minibatch(slower):
    counts = run(ThreadChoice(2, False), lambda n, t: 1e-3 * (slower if n > 1 else 1), 0.7)
    tried = [count for threads, count in counts if threads > 1]
    assert tried[:3] == [1, 2, 4]
