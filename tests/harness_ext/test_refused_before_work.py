"""Outputs that could not be written are refused before any work, in a sentence, and a full disk at the end
loses nothing and says what is true.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness_ext.cli import app
from harness_ext.runs.run_folder import read_manifest
from synth.errors import StylerepError
from synth.traces.synthesis import synth
from tests.conftest import one_sentence
from tests.harness_ext.compare.runs import write_run

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, two runs and rows to import."""
    folder = tmp_path_factory.mktemp("shared")
    synth("arith:train", ["hc"], folder, n=6, dials={"trace_words": 10})
    for arm in ("base", "hc"):
        write_run(
            folder / "runs" / arm, [1.0, 0.0] * 20, "style_arith", base_model="org/m", family="f", arm=arm
        )
    rows = [
        {"question": f"{i}+1?", "answer": str(i + 1), "response": str(i + 1), "correct": 1} for i in range(4)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "study.yaml").write_text("name: x\n", encoding="utf-8")
    return folder


COMMANDS = {
    "synth": ["synth", "--problems", "arith", "--n", "5", "--out"],
    "synth --from": ["synth", "--from", "SHARED/hc/train.parquet", "--arm", "st", "--out"],
    "teach": ["teach", "--model", "dummy", "--problems", "arith", "--n", "5", "--out"],
    "distill": ["distill", "--model", "org/name", "--data", "SHARED/hc", "--out"],
    "distill --merge": [
        "distill",
        "--model",
        "org/name",
        "--data",
        "SHARED/hc",
        "--out",
        "adapter",
        "--merge",
    ],
    "eval": ["eval", "--model", "dummy", "--tasks", "style_arith", "--output_path"],
    "import": ["import", "SHARED/rows.jsonl", "--model", "m", "--out"],
    "import of several": ["import", "SHARED/rows.jsonl", "--out"],
    "leaderboard": ["leaderboard", "SHARED/runs/base", "-o"],
    "compare --figures": ["compare", "SHARED/runs/base", "SHARED/runs/hc", "--figures"],
}
PLACES = {
    "file": "file",
    "link that leads nowhere": "dangling",
    "folder within a file": "file/x",
    "folder of a link that leads nowhere": "dangling/x",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_that_cannot_be_written_is_refused_before_the_work(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    result = RUNNER.invoke(
        app, [*(word.replace("SHARED", str(shared)) for word in COMMANDS[name]), PLACES[place]]
    )
    assert isinstance(result.exception, StylerepError), result.exception
    assert "\n" not in str(result.exception)
    assert (tmp_path / "file").read_text() == "mine"
    assert os.readlink(tmp_path / "dangling") == "nowhere"
    assert sorted(os.listdir(tmp_path)) == ["dangling", "file"]


@pytest.mark.parametrize(
    "name", ["synth", "synth --from", "teach", "distill", "distill --merge", "import", "leaderboard"]
)
def test_a_folder_of_something_else_is_not_replaced(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for arm in ("nt", "sbs", "hc", "hc_w", "st", "."):
        (tmp_path / "full" / arm).mkdir(parents=True, exist_ok=True)
        (tmp_path / "full" / arm / "thesis.tex").write_text("mine")
    result = RUNNER.invoke(app, [*(word.replace("SHARED", str(shared)) for word in COMMANDS[name]), "full"])
    assert isinstance(result.exception, StylerepError), result.exception
    assert len(list((tmp_path / "full").rglob("thesis.tex"))) == 6


@pytest.mark.parametrize(
    "words",
    [
        ["synth", "--from", "data/hc/train.parquet", "--arm", "st,hc", "--out", "data"],
        ["synth", "--from", "data/hc", "--arm", "hc", "--out", "data"],
        ["synth", "--problems", "arith", "--like", "data/hc", "--arm", "hc", "--out", "data"],
        ["distill", "--model", "org/name", "--data", "data/hc", "--out", "data/hc"],
        ["steer", "fit", "--model", "org/name", "--data", "data/hc", "--out", "data/hc/train.parquet"],
        ["steer", "fit", "--model", "org/name", "--data", "data/hc", "--out", "data/hc"],
        ["compare", "base", "hc", "--json", "base/manifest.json"],
        ["compare", "base", "hc", "--markdown", "t", "--latex", "t"],
        ["leaderboard", "base", "-o", "base"],
    ],
)
def test_nothing_that_is_read_is_overwritten(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    synth("arith:train", ["hc"], tmp_path / "data", n=6, dials={"trace_words": 10})
    for arm in ("base", "hc"):
        write_run(tmp_path / arm, [1.0, 0.0] * 20, "style_arith", base_model="org/m", family="f", arm=arm)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = RUNNER.invoke(app, words)
    assert isinstance(result.exception, StylerepError), result.exception
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        not hasattr(os, "geteuid")
        or os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", disk], check=False).returncode
    ):
        pytest.skip("no file system may be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def _stylerep(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "harness_ext", *map(str, words)], capture_output=True, text=True, check=False
    )


def test_a_full_disk_keeps_what_was_there(shared: Path, small_disk: Path) -> None:
    synth("arith:train", ["nt"], small_disk, n=5)
    (small_disk / "scores.json").write_text("old")
    before = (small_disk / "nt/train.parquet").read_bytes()
    free = os.statvfs(small_disk)
    (small_disk / "filler").write_bytes(b"x" * (free.f_bavail * free.f_frsize - 16_384))
    for words in (
        [
            "synth",
            "--problems",
            "arith",
            "--arms",
            "nt",
            "--n",
            "3000",
            "--no-decontaminate",
            "--out",
            small_disk,
        ],
        ["analyze", shared / "hc/train.parquet", "--html", small_disk / "scores.json"],
    ):
        sentence = one_sentence(_stylerep(*words))
        assert "No space left on device" in sentence
        assert "nothing" not in sentence
    assert (small_disk / "nt/train.parquet").read_bytes() == before
    assert (small_disk / "scores.json").read_text() == "old"
    assert sorted(path.name for path in small_disk.iterdir()) == ["filler", "nt", "scores.json"]


def test_a_manifest_that_cannot_be_written_is_told_and_leaves_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness_ext.backends.lm_eval import evaluate

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness_ext.backends.lm_eval.saved.write_text", full)
    with pytest.raises(
        StylerepError,
        match=(
            r"all results were saved, but manifest\.json, .* could not be written \(No space left on device\)"
        ),
    ):
        evaluate(
            [
                "--model",
                "dummy",
                "--tasks",
                "style_arith",
                "--limit",
                "2",
                "--output_path",
                str(tmp_path / "run"),
            ]
        )
    assert read_manifest(tmp_path / "run") == {}
    assert not (tmp_path / "run/manifest.json").exists()
    assert len(list((tmp_path / "run").rglob("samples_*"))) == 1
