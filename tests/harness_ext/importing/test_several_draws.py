"""Results of other harnesses with several responses to an item, as one run: the figures of our own."""

import json
from pathlib import Path

import numpy as np
import pytest

from harness_ext.cli.command import app
from harness_ext.importing import import_runs
from harness_ext.importing.run_folders import About
from harness_ext.scoring.at_k import pass_at_k
from harness_ext.scoring.scores import score
from synth.errors import StylerepError
from tests.harness_ext.importing.sources import (
    GOLDS,
    LM_EVAL,
    PENS,
    lighteval_output,
    pens,
    rows_file,
    samples,
)

DRAWS = (
    ["The answer is 7.", "So 7.0", "The answer is 9.", "Hm."],
    ["The answer is 8.", "The answer is 8.", "The answer is 7.", "The answer is 9."],
    ["\\boxed{24}", "The answer is 24.", "It's 25.", "The answer is 25."],
)
FIGURES = [  # by hand: acc, pass@2, pass@4, maj@4
    (1 / 2, 5 / 6, 1, 1),
    (1 / 4, 1 / 2, 1, 0),
    (1 / 2, 5 / 6, 1, 1 / 2),
]


def figures(folder: Path, task: str) -> list[tuple[float, ...]]:
    return [
        tuple(row[name] for name in ("acc", "pass@2", "pass@4", "maj@4")) for row in samples(folder, task)
    ]


@pytest.mark.parametrize("form", ["jsonl", "rows", "lm_eval"])
def test_the_figures_are_those_of_hand_whatever_the_format(tmp_path: Path, form: str) -> None:
    source = tmp_path / (
        "samples_sums_2026-11-23T10-00-00.000001.jsonl" if form == "lm_eval" else "sums.jsonl"
    )
    if form == "jsonl":
        rows_file(
            source,
            [
                {"question": question, "answer": gold, "responses": texts}
                for question, gold, texts in zip(PENS, GOLDS, DRAWS, strict=True)
            ],
        )
    elif form == "rows":
        rows_file(source, [row for texts in zip(*DRAWS, strict=True) for row in pens(*texts)])
    else:
        rows_file(
            source,
            [
                {
                    "doc_id": number,
                    "doc": {"question": question, "answer": gold},
                    "target": gold,
                    "resps": [texts],
                    "filtered_resps": [texts],
                    "filter": "none",
                    "exact_match": 0.0,
                    "metrics": ["exact_match"],
                    "doc_hash": f"{number:064d}",
                }
                for number, (question, gold, texts) in enumerate(zip(PENS, GOLDS, DRAWS, strict=True))
            ],
        )
    imported = import_runs([source], tmp_path / "m", model="m", task="sums", together=True)
    assert imported.folders == [tmp_path / "m"]
    np.testing.assert_allclose(figures(tmp_path / "m", "sums"), FIGURES, atol=1e-12)
    row = samples(tmp_path / "m", "sums")[0]
    assert (row["resps"], row["draws"], row["answered"]) == ([DRAWS[0]], 4, 0.75)
    assert json.loads((tmp_path / "m" / "manifest.json").read_text())["seed"] is None


def test_a_real_run_of_lm_eval_is_graded_draw_by_draw(tmp_path: Path) -> None:
    source = next(LM_EVAL.rglob("samples_pens_sampled*"))
    import_runs([source], tmp_path / "m", model="m", together=True, about=About(seed=3))
    for row in samples(tmp_path / "m", "pens_sampled"):
        right = [score(text, row["target"].rpartition("#### ")[2])["acc"] for text in row["resps"][0]]
        assert row["acc"] == sum(right) / 2
        assert row["pass@2"] == pass_at_k(int(sum(right)), 2, 2)
    assert json.loads((tmp_path / "m" / "manifest.json").read_text())["seed"] == 3


def test_a_real_run_of_lighteval_is_graded_draw_by_draw(tmp_path: Path) -> None:
    source = lighteval_output(tmp_path / "out", "pens_avg")
    apart = import_runs([source], tmp_path / "apart")
    together = import_runs([source], tmp_path / "together", together=True)
    runs = [samples(one.folder, one.task) for one in apart.tasks]
    (one,) = together.tasks
    for place, row in enumerate(samples(one.folder, one.task)):
        right = [int(run[place]["acc"]) for run in runs]
        assert row["resps"] == [[text for run in runs for text in run[place]["resps"][0]]]
        assert row["acc"] == sum(right) / len(right)
        assert row[f"pass@{len(right)}"] == pass_at_k(sum(right), len(right), len(right))
    assert one.accuracy == pytest.approx(sum(each.accuracy for each in apart.tasks) / len(apart.tasks))
    assert any("--draws together makes one run of them" in note for note in apart.notes)
    assert not any("--draws together" in note for note in together.notes)


def test_recorded_scores_of_draws_are_their_mean_and_no_votes_are_counted_by_them(tmp_path: Path) -> None:
    rows = [
        {"question": question, "responses": texts, "correct": [1, 0, 1, 0]}
        for question, texts in zip(PENS, DRAWS, strict=True)
    ]
    import_runs(
        [rows_file(tmp_path / "sums.jsonl", rows)], tmp_path / "m", model="m", together=True, regrade=False
    )
    first = samples(tmp_path / "m", "sums")[0]
    assert (first["acc"], first["recorded"], first["pass@2"]) == (0.5, 0.5, pytest.approx(5 / 6))
    assert "maj@4" not in first


def test_the_command_makes_one_run_or_several(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"question": question, "answer": gold, "responses": texts}
        for question, gold, texts in zip(PENS, GOLDS, DRAWS, strict=True)
    ]
    given = [str(rows_file(tmp_path / "sums.jsonl", rows)), "--model", "m"]
    app(["import", *given, "--out", str(tmp_path / "one"), "--draws", "together"], standalone_mode=False)
    np.testing.assert_allclose(figures(tmp_path / "one", "sums"), FIGURES, atol=1e-12)
    app(["import", *given, "--out", str(tmp_path / "four")], standalone_mode=False)
    assert sorted(path.name for path in tmp_path.glob("four-*")) == ["four-0", "four-1", "four-2", "four-3"]
    with pytest.raises(StylerepError, match="--draws is apart or together, found 'both'"):
        app(["import", *given, "--out", str(tmp_path / "x"), "--draws", "both"], standalone_mode=False)
