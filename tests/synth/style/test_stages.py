from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from synth.problems import load_problems
from synth.style import STAGES, load_lexicon, read_trace
from synth.style.stages import _long_paths, _paths_beside, _short_path, load_stage_model
from synth.traces.rendering import render
from tests.synth.style.labelled_traces import LabelledTrace, by_paragraph, labelled_traces

LEXICON = load_lexicon("en")


@pytest.fixture(scope="module")
def held_out(real_data: Path) -> dict[str, list[int]]:
    """The labels of both readers and of the labeller, paragraph by paragraph,
    on traces that nothing was tuned on.
    """
    labels: dict[str, list[int]] = {"reader": [], "second": [], "labeller": []}
    for trace in labelled_traces("held_out", real_data / "traces"):
        labels["reader"] += trace.labels
        labels["second"] += trace.second
        labels["labeller"] += by_paragraph(trace, trace.reading.unit_stages)
    return labels


def test_agreement_with_readers_on_held_out_traces(held_out: dict[str, list[int]]) -> None:
    kappas = {
        pair: cohen_kappa_score(held_out[pair[0]], held_out[pair[1]])
        for pair in (("reader", "labeller"), ("second", "labeller"), ("reader", "second"))
    }
    print(len(held_out["reader"]), kappas)
    assert kappas["reader", "labeller"] >= 0.7
    assert kappas["second", "labeller"] >= 0.69
    # A codebook on which readers do not agree would be no measure.
    assert kappas["reader", "second"] >= 0.85


def test_short_rendered_traces_have_the_stages_they_were_made_of() -> None:
    made, read = [], []
    for problem in load_problems("arith:test", 60, seed=7):
        row = render([problem], ["hc"], 7)[0]["hc"]
        reading = read_trace(row.trace, LEXICON)
        spans = [(int(stage["start"]), int(stage["end"])) for stage in row.stages]
        trace = LabelledTrace("rendered", 0, reading, True, spans, [], [])
        made += [STAGES.index(str(stage["stage"])) for stage in row.stages]
        read += by_paragraph(trace, reading.unit_stages)
    assert cohen_kappa_score(made, read) >= 0.7


def test_many_and_long_traces_are_decoded_as_one_short_one_is() -> None:
    rng = np.random.default_rng(0)
    sizes = np.array([1023, 1000, 400, 17, 17, 3, 2, 1])
    begins = np.append(0, np.cumsum(sizes)[:-1])
    emissions = rng.normal(size=(sizes.sum(), 4)).astype(np.float32)
    breaks, step = rng.integers(0, 3, size=len(emissions)), load_stage_model().step
    one_by_one = [
        _short_path(emissions[begin : begin + size], breaks[begin : begin + size], step)
        for begin, size in zip(begins, sizes, strict=True)
    ]
    for together in (_long_paths, _paths_beside):
        best = np.full(len(emissions), -1)
        together(best, emissions, breaks, begins, sizes, step)
        np.testing.assert_array_equal(best, np.concatenate(one_by_one))
