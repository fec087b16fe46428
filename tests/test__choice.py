"""The penalty that scores choose, on tables of scores."""

import numpy as np
import pytest

from skmax.linear_model._choice import choose, mean_of

#: Two folds, two l1_ratios, three Cs.
SCORES = np.array([[[1.0, 5.0, 4.0], [0.0, 4.8, 9.0]], [[3.0, 5.0, 5.5], [0.0, 5.0, 0.0]]])


def test_the_best_mean_is_chosen_for_all_folds():
    choice = choose(SCORES, "best", one_for_all=True)
    assert [part.tolist() for part in choice] == [[0, 1], [0, 0], [1, 1]]


def test_each_fold_may_choose_its_own():
    choice = choose(SCORES, "best", one_for_all=False)
    assert [part.tolist() for part in choice] == [[0, 1], [1, 0], [2, 2]]


@pytest.mark.parametrize("one_for_all", [True, False])
def test_the_strongest_within_one_standard_error_is_chosen(one_for_all):
    scores = np.array([[[1.0, 2.9, 3.5]], [[1.0, 2.9, 2.5]]])  # best 3.0, its error 0.5
    choice = choose(scores, "1se", one_for_all=one_for_all)
    assert [part.tolist() for part in choice] == [[0, 1], [0, 0], [1, 1]]


def test_folds_without_scores_do_not_count():
    scores = np.concatenate([np.full((1, 2, 3), np.nan), SCORES])
    choice = choose(scores, "best", one_for_all=True)
    assert [part.tolist() for part in choice] == [[1, 2], [0, 0], [1, 1]]


def test_a_penalty_without_a_score_on_some_fold_is_not_chosen():
    scores = SCORES.copy()
    scores[0, 0, 1] = np.nan
    choice = choose(scores, "best", one_for_all=True)
    assert [part.tolist() for part in choice] == [[0, 1], [1, 1], [1, 1]]
    with pytest.raises(ValueError, match="no penalty has a score on every fold"):
        choose(np.full((2, 1, 1), np.nan), "best", one_for_all=True)


def test_the_mean_of_equal_numbers_is_that_number():
    assert mean_of(np.full(7, 0.1)) == 0.1
    assert mean_of(np.array([1.0, 2.0])) == 1.5
