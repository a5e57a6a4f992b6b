"""What an evaluation shows is what the bars of lm_eval show."""

import io

from tqdm import tqdm

from harness_ext.backends.lm_eval import EvaluationStage
from synth.progress.shown import counted


def test_the_newest_open_bar_is_shown_and_then_scoring() -> None:
    one = EvaluationStage("building tasks and loading the model")
    assert counted(one.seen()) == "building tasks and loading the model"
    with tqdm(total=4, desc="Loading weights: ", file=io.StringIO()) as bar:
        bar.update(1)
        assert counted(one.seen()) == "Loading weights: 1 of 4"
    assert counted(one.seen()) == "building tasks and loading the model"
    with tqdm(total=100, desc="Running generate_until requests", file=io.StringIO()) as bar:
        bar.start_t, bar.last_print_t = bar.start_t - 20, bar.start_t - 10
        bar.n = 20
        seen = one.seen()
        assert counted(seen) == "Running generate_until requests: 20 of 100"
        assert 25 < (seen.seconds_left(seen.last) or 0) < 55
    assert counted(one.seen()) == "scoring the responses"


def test_a_bar_that_is_switched_off_is_none() -> None:
    one = EvaluationStage("asking")
    with tqdm(total=4, desc="quiet", disable=True):
        assert one.seen() is one


def test_a_bar_that_is_being_made_is_none_yet() -> None:
    one = EvaluationStage("asking")
    being_made = tqdm.__new__(tqdm)
    try:
        assert one.seen() is one
    finally:
        being_made.disable = True
        tqdm._instances.discard(being_made)
