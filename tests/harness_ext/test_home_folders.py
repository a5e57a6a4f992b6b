"""Home folders and user names stand in nothing that people publish of runs: boards, verdicts, reports."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness_ext.cli import app
from tests.harness_ext.compare.runs import write_run


@pytest.mark.parametrize("home", ["/home/ann.smith", "/Users/ann.smith", r"C:\Users\ann.smith"])
def test_published_files_hold_no_home(tmp_path: Path, home: str) -> None:
    join = "\\" if "\\" in home else "/"
    common = {
        "base_model": f"{home}{join}models{join}m",
        "family": "llama3",
        "seed": 0,
        "gen_kwargs": {"stop_file": f"{home}{join}stops.txt"},
    }
    runs = [write_run(tmp_path / arm, [1, 0, 1, 1, 0, 1], arm=arm, **common) for arm in ("base", "hc")]
    out = tmp_path / "out"
    out.mkdir()
    files = [
        "--json",
        str(out / "v.json"),
        "--markdown",
        str(out / "v.md"),
        "--latex",
        str(out / "v.tex"),
        "--figures",
        str(out / "figures"),
    ]
    for command in (
        ["compare", *map(str, runs), *files],
        ["leaderboard", *map(str, runs), "--out", str(out / "board")],
    ):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
    written = [path for path in out.rglob("*") if path.is_file()]
    assert len(written) > 8
    assert [path for path in written if b"ann.smith" in path.read_bytes()] == []
    assert json.loads((out / "v.json").read_text())["cells"][0]["model"] == f"~{join}models{join}m"


def test_an_analysis_names_files_without_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "people" / "ann-smith"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    traces = home / "model" / "traces.jsonl"
    traces.parent.mkdir()
    traces.write_text(
        "".join(
            json.dumps({"response": f"<think>\nWait, {n}.\n</think>\n\nThe answer is {n}."}) + "\n"
            for n in range(6)
        )
    )
    result = CliRunner().invoke(
        app, ["analyze", str(traces), "--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html")]
    )
    assert result.exit_code == 0, result.output
    for name in ("a.json", "a.html"):
        assert "ann-smith" not in (tmp_path / name).read_text(encoding="utf-8")
