"""Manifests, results and samples that do not fit are told in a sentence before anything is compared,
ranked or written.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness_ext.compare import compare
from harness_ext.pages.leaderboard import leaderboard
from harness_ext.pages.leaderboard.facts import read_facts
from harness_ext.runs.run_folder import load_run, read_manifest
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import DATE, write_run

SAMPLES, RESULTS = f"model/samples_style_arith_{DATE}.jsonl", f"model/results_{DATE}.json"


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("seed", [1], r"seed: expected a whole number or a text, found \[1\]\.$"),
        ("seed", 10**400, "seed: expected a number below 9.22337e"),
        ("seed", True, "seed: expected a whole number or a text, found True"),
        ("chat_template", {"default": "x"}, "chat_template: expected true or false, found {'default': 'x'}"),
        ("base_model", {"a": 1}, "base_model: expected a text, found {'a': 1}"),
        ("gen_kwargs", [0], r"gen_kwargs: expected a mapping or a text, found \[0\]"),
        ("task_versions", [1], r"task_versions: expected a mapping, found \[1\]"),
        (
            "task_versions",
            {"t": float("inf")},
            r"task_versions.t: expected a whole number or a finite number or a text, found inf",
        ),
        ("left_out", [3], r"left_out\[0\]: expected a text, found 3"),
        ("imported", {"format": "x", "tasks": {"t": 3}}, "imported.tasks.t: expected a mapping, found 3"),
        ("decoding", "x", "decoding: expected a mapping, found 'x'"),
        ("deep", json.loads("[" * 250 + "]" * 250), "nested more than 200 levels deep"),
    ],
)
def test_a_manifest_that_does_not_fit(tmp_path: Path, key: str, value: Any, says: str) -> None:
    run = write_run(tmp_path / "run", [1, 0], arm="hc")
    (run / "manifest.json").write_text(json.dumps({"arm": "hc", key: value}), encoding="utf-8")
    with pytest.raises(StylerepError, match=rf"^\S+run/manifest\.json: .*{says}"):
        read_manifest(run)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("versions", [1], r"versions: expected a mapping, found \[1\]\.$"),
        ("n-shot", 3, r"n-shot: expected a mapping, found 3\.$"),
        ("n-shot", {"t": [1]}, r"n-shot.t: expected a whole number or a text, found \[1\]"),
        ("config", 7, r"config: expected a mapping, found 7\.$"),
        (
            "config",
            {"model_num_parameters": "many"},
            "config.model_num_parameters: expected a whole number or a number, found 'many'",
        ),
        ("chat_template", 3, "chat_template: expected a text or a mapping or a list, found 3"),
    ],
)
def test_results_that_do_not_fit(tmp_path: Path, key: str, value: Any, says: str) -> None:
    run = write_run(tmp_path / "run", [1, 0])
    (run / RESULTS).write_text(json.dumps({key: value}), encoding="utf-8")
    with pytest.raises(StylerepError, match=rf"^\S+results_\S+\.json: {says}"):
        read_facts(run)


def test_keys_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", [1, 0], arm="hc", seed=3, of_later=[{"deep": 1}])
    (run / RESULTS).write_text(
        json.dumps({"versions": {"style_arith": 2.0}, "n-shot": {"style_arith": " "}, "later": [1]}),
        encoding="utf-8",
    )
    assert read_manifest(run)["of_later"] == [{"deep": 1}]
    assert read_facts(run).versions == {"style_arith": "2"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"acc": 10**400}, "the metric acc must be a finite number, found 1000"),
        ({"acc": float("inf")}, "the metric acc must be a finite number, found inf"),
        ({"pivot_density": 1e300}, r"the metric pivot_density must be a finite number, found 1e\+300"),
        ({"trace_words": -1.0}, "the metric trace_words must be 0 or more, found -1.0"),
        ({"\x1b[2J": float("nan")}, "the metric .* must be a finite number, found nan"),
        ({"filter": ["a"]}, r"filter: expected a text, found \['a'\]"),
        ({"doc_hash": 3}, "expected a sample with a doc_hash"),
        ({"doc": json.loads("[" * 250 + "]" * 250)}, "nested more than 200 levels deep"),
    ],
)
def test_a_sample_that_does_not_fit_poisons_no_board(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    base, run = (
        write_run(tmp_path / "base", [1, 0, 1], arm="base"),
        write_run(tmp_path / "run", [1, 0, 0], arm="hc"),
    )
    leaderboard([base], tmp_path / "board")
    rows = [json.loads(line) for line in (run / SAMPLES).read_text(encoding="utf-8").splitlines()]
    rows[1] |= change
    (run / SAMPLES).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    before = {
        path: path.read_bytes()
        for path in (tmp_path / "board").rglob("*")
        if path.is_file() and path.stat().st_size
    }
    tries: tuple[Callable[[], Any], ...] = (
        lambda: compare([base, run]),
        lambda: leaderboard([run], tmp_path / "board"),
    )
    for act in tries:
        with pytest.raises(StylerepError, match=rf"jsonl, line 2: .*{says}"):
            act()
    assert before == {
        path: path.read_bytes()
        for path in (tmp_path / "board").rglob("*")
        if path.is_file() and path.stat().st_size
    }


@pytest.mark.parametrize("name", ["manifest.json", SAMPLES])
def test_a_pipe_in_a_run_is_not_waited_for(tmp_path: Path, name: str) -> None:
    run = write_run(tmp_path / "run", [1, 0], arm="hc")
    (run / name).unlink()
    os.mkfifo(run / name)
    with pytest.raises(StylerepError, match="expected a file, found a pipe"):
        load_run(run)
