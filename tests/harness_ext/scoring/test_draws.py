"""An item's scores from those of its draws."""

import pytest

from harness_ext.runs.accuracy import accuracy_metric
from harness_ext.scoring.draws import scores_of_draws, vote_of


def test_metrics_are_means_and_figures_stand_beside_them() -> None:
    each = [{"acc": right, "trace_words": words} for right, words in [(1.0, 4), (0.0, 8), (1.0, 6), (0.0, 2)]]
    found = scores_of_draws(each, ["7", "8", "7.0", None])
    assert found == {
        "acc": 0.5,
        "trace_words": 5,
        "draws": 4,
        "pass@2": pytest.approx(5 / 6),
        "pass@4": 1,
        # pairs: right twice; right and wrong, a tie; right and silent, right, twice each; wrong and silent
        "maj@2": pytest.approx((1 + 2 * 0.5 + 2 * 1) / 6),
        "maj@4": 1,
    }


def test_without_votes_there_is_no_majority_and_without_right_or_wrong_no_figure() -> None:
    assert "maj@2" not in scores_of_draws([{"exact_match": 1}, {"exact_match": 0}])
    assert scores_of_draws([{"exact_match": 1}, {"exact_match": 0}])["pass@2"] == 1
    assert scores_of_draws([{"acc": 0.5}, {"acc": 1.0}]) == {"acc": 0.75, "draws": 2}
    assert scores_of_draws([{"bleu": ("a", "b")}, {"bleu": ("a", "c")}]) == {"bleu": ("a", "b"), "draws": 2}


def test_the_accuracy_is_the_one_that_comparisons_take() -> None:
    found = scores_of_draws([{"exact_match": 0, "math_verify": 1}, {"exact_match": 0, "math_verify": 0}])
    assert found["pass@2"] == 1


@pytest.mark.parametrize(
    ("responses", "answer_type", "votes"),
    [
        (["The answer is 1,200.", "\\boxed{1200.0}", "hm"], "number", ["1200", "1200", None]),
        (["The answer is (B).", "Answer: B"], "option", ["B", "B"]),
        (["The answer is Ann Lee.", "The answer is ann  lee."], "text", ["annlee", "annlee"]),
    ],
)
def test_equal_answers_are_one_vote_however_they_are_said(
    responses: list[str], answer_type: str, votes: list[str | None]
) -> None:
    assert [vote_of(one, answer_type) for one in responses] == votes


def test_figures_of_draws_are_no_other_accuracy() -> None:
    import numpy as np

    columns = {
        "acc": np.array([0.5, 0.0]),
        "draws": np.array([2.0, 2.0]),
        "pass@2": np.array([1.0, 0.0]),
        "maj@2": np.array([0.5, 0.0]),
    }
    found = accuracy_metric(columns, "run, task")
    assert (found.metric, found.others) == ("acc", ())
    assert accuracy_metric(columns, "run, task", "pass@2").metric == "pass@2"
