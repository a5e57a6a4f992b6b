"""Secrets of a study file stand in nothing that a study writes."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness_ext.backends.lm_eval import parse_model_args
from harness_ext.pipelines.study import load_study, study_cells
from synth.privacy.secrets import SECRETS
from tests.harness_ext.pipelines.study.files import write_study
from tests.harness_ext.teacher_server import teacher

KEY, PASSWORD, TOKEN = "a-Very-private-key-1", "user-Passw0rd-88", "metadata-token-31"
Run = Callable[..., subprocess.CompletedProcess[str]]


def given(folder: Path, model: Path | str, url: str) -> Path:
    """Write a study whose teacher and tasks are given secrets."""
    base_url = url.replace("http://", f"http://ann:{PASSWORD}@")
    teach = {
        "model": "local-chat-completions",
        "model_args": f"base_url={base_url},model=m,api_key={KEY}",
        "samples": 1,
        "keep": "first",
    }
    evaluate = {
        "tasks": "style_arith",
        "limit": 2,
        "max_gen_toks": 4,
        "batch-size": 2,
        "metadata": {"token": TOKEN},
    }
    return write_study(folder, model, arms=["st"], n=2, teach=teach, evaluate=evaluate, claims=[])


def test_commands_name_variables_that_hold_the_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    cells = study_cells(load_study(given(tmp_path, "org/model", "http://127.0.0.1:1/v1")))
    text = json.dumps([cell.command for cell in cells])
    assert [value for value in (KEY, PASSWORD, TOKEN) if value in text] == []
    (teach,) = [cell.command for cell in cells if cell.command[0] == "teach"]
    model_args = SECRETS.resolved(parse_model_args(teach[teach.index("--model_args") + 1]), "--model_args")
    assert model_args == {"base_url": f"http://ann:{PASSWORD}@127.0.0.1:1/v1", "model": "m", "api_key": KEY}
    evaluate, *_ = [cell.command for cell in cells if cell.command[0] == "eval"]
    assert SECRETS.resolved(json.loads(evaluate[evaluate.index("--metadata") + 1]), "--metadata") == {
        "token": TOKEN
    }
    again = study_cells(load_study(given(tmp_path, "org/model", "http://127.0.0.1:1/v1")))
    assert [cell.key for cell in again] == [cell.key for cell in cells]


@pytest.mark.slow
def test_a_study_with_secrets_writes_none(stylerep: Run, tmp_path: Path, tiny_model: Path) -> None:
    with teacher(lambda prompt, before: f"<think>\nIt is {KEY}.\n</think>\n\nThe answer is 7.") as server:
        study = given(tmp_path, tiny_model, server.url)
        text = study.read_text(encoding="utf-8").replace("keep: first", "keep: all")
        study.write_text(text, encoding="utf-8")
        done = stylerep("reproduce", study, "--out", tmp_path / "s")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "s" / "report.html").is_file()
    written = [path for path in (tmp_path / "s").rglob("*") if path.is_file()]
    assert [
        f"{path}: {value}"
        for path in written
        for value in (KEY, PASSWORD, TOKEN)
        if value.encode() in path.read_bytes()
    ] == []
    assert "api_key of the study file" in done.stdout + done.stderr
