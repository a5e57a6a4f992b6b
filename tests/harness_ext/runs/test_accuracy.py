"""Which metric accuracy is."""

from itertools import pairwise

import numpy as np

from harness_ext.runs.accuracy import NOT_ACCURACY, PREFERENCE, accuracy_metric, recorded_metric
from harness_ext.scoring.preference import METRICS as PREFERENCE_METRICS
from harness_ext.scoring.scores import GRAPH_METRICS, METRICS


def test_no_score_of_ours_but_acc_is_taken_for_accuracy() -> None:
    assert {*METRICS, *GRAPH_METRICS, *PREFERENCE_METRICS} - NOT_ACCURACY == {"acc", "acc_norm"}


def test_names_go_before_the_order_of_a_file() -> None:
    for first, second in pairwise(PREFERENCE):
        assert accuracy_metric({second: np.array([1.0]), first: np.array([0.0])}, "here").metric == first


def test_names_of_lighteval_are_known() -> None:
    found = recorded_metric([{"bleu": 3.0, "maj@8": 1, "pass@k:k=1&n=1": 0.5, "em": 1}], "here")
    assert found is not None
    assert (found.metric, [one.metric for one in found.others]) == ("pass@k:k=1&n=1", ["maj@8", "em"])


def test_a_recorded_score_that_nothing_names_is_the_first_of_0_and_1() -> None:
    found = recorded_metric(
        [{"length": 40, "judge": 1, "other": None}, {"length": 50, "judge": 0, "other": 1}], "here"
    )
    assert found is not None
    assert found.metric == "judge"
    assert recorded_metric([{"bleu": 30.0, "rouge": 0.4}], "here") is None
    assert recorded_metric([{"answered": 1.0, "recorded": 1.0}], "here") is None
    assert recorded_metric([], "here") is None
