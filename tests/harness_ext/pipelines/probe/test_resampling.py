"""Traces are written anew from before each sentence, and what comes of it is counted."""

from pathlib import Path
from typing import Any

import pytest

from harness_ext.pipelines.probe import ProbeSettings, probe
from harness_ext.pipelines.probe.items import ProbeItem, item_of_row
from harness_ext.pipelines.probe.resampling import Resampler
from harness_ext.pipelines.probe.sentences import sentences_of
from harness_ext.pipelines.probed_runs import probed_run
from harness_ext.pipelines.student import LoadedModel, load_named_model
from tests.harness_ext.pipelines.probe.written_runs import problems_and_responses, sample_row, write_run


@pytest.fixture(scope="module")
def loaded(tiny_model: Path) -> LoadedModel:
    return load_named_model(str(tiny_model), None)


def row() -> dict[str, Any]:
    (made,) = problems_and_responses("arith", 1, "sbs", 20)
    return sample_row(0, *made)


def test_shares_of_draws_become_effects(loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    item = item_of_row("t", row())
    assert isinstance(item, ProbeItem)
    own = sentences_of(item)
    again = Resampler(loaded, 4, 0)

    def written(sequences: Any) -> list[str]:
        """From the second place on two of four draws are right, after the last sentence all."""
        starts = sorted({one.prompt for one in sequences})
        right = {start: 0 if start == starts[0] else 4 if start == starts[-1] else 2 for start in starts}
        answers = [item.answer if one.index % 4 < right[one.prompt] else "999999" for one in sequences]
        return [f" so\n</think>\n\nThe answer is {answer}." for answer in answers]

    monkeypatch.setattr(again, "_written", written)
    rows = again.rows(item, own, range(len(own)))
    assert [one["effect"] for one in rows] == [0.5, *[0.0] * (len(own) - 2), 0.5]
    assert [one["p_answer"] for one in rows] == [0.0, *[0.5] * (len(own) - 1)]
    assert rows[0]["kind"] == "step"


def test_draws_are_the_same_for_one_seed_and_differ_from_each_other(loaded: LoadedModel) -> None:
    item = item_of_row("t", row())
    assert isinstance(item, ProbeItem)
    heard: list[list[str]] = []
    for seed in (0, 0, 1):
        again = Resampler(loaded, 3, seed)
        written = again._written

        def listen(sequences: Any, own: Any = written) -> list[str]:
            heard.append(own(sequences))
            return heard[-1]

        again._written = listen  # type: ignore[method-assign]  # only listened to
        again.rows(item, sentences_of(item), [0])
    assert heard[0] == heard[1] != heard[2]
    assert len(set(heard[0])) == 6


def test_resampling_is_a_probe_of_a_run(tiny_model: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [row()], tiny_model)
    report = probe(
        [probed_run(run)], tmp_path / "p.parquet", ProbeSettings(("none",), sentences=2, resample=2)
    )
    kinds = [one.kind for one in report.effects if one.probe == "resample" and not one.stage]
    assert kinds == ["conclusion", "step"]
