from pathlib import Path

import pytest
from sklearn.metrics import cohen_kappa_score

from synth.style import load_lexicon
from tests.synth.style.labelled_traces import by_paragraph, labelled_traces

LEXICON = load_lexicon("en")


@pytest.fixture(scope="module")
def held_out(real_data: Path) -> dict[str, list[int]]:
    """The labels of both readers and of the labeller, paragraph by paragraph, on traces that nothing was tuned on."""
    labels: dict[str, list[int]] = {"reader": [], "second": [], "labeller": []}
    for trace in labelled_traces("held_out", real_data / "traces"):
        labels["reader"] += trace.labels
        labels["second"] += trace.second
        labels["labeller"] += by_paragraph(trace, trace.reading.unit_stages)
    return labels


def test_agreement_with_readers_on_held_out_traces(held_out: dict[str, list[int]]) -> None:
    kappas = {pair: cohen_kappa_score(held_out[pair[0]], held_out[pair[1]]) for pair in (("reader", "labeller"), ("second", "labeller"), ("reader", "second"))}
    print(len(held_out["reader"]), kappas)
    assert kappas["reader", "labeller"] >= 0.7
    assert kappas["second", "labeller"] >= 0.65
    # A codebook on which readers do not agree would be no ruler.
    assert kappas["reader", "second"] >= 0.85
