"""Every file of examples/ runs as it says, offline."""

import ast
import contextlib
import io
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
TESTED = {"score_a_trace.py", "compare_two_runs.py", "full_study.py"}


def test_every_example_is_tested() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == TESTED
    assert len(NOTEBOOKS) == 1


def run(name: str, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> str:
    """Run an example in this process, with its command line; return what it printed."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return out.getvalue()


def test_score_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = run("score_a_trace.py", monkeypatch)
    assert printed.startswith(
        "right (states 20); 61 words; 2 pivots (1 realization, 1 verification); stages: framing > exploration"
        " > verification > synthesis;"
    )
    assert "false         23 - 3 = 21" in printed


def test_compare_two_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    printed = run("compare_two_runs.py", monkeypatch)
    assert printed.startswith("different: +9.0 points [+4.7, +13.2], p < .001; ")
    assert "inconclusive: " in printed
    assert "test:mcnemar-midp|n:300|" in printed


def test_compare_two_runs_of_ones_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.harness_ext.compare.runs import write_run

    folders = [
        write_run(tmp_path / arm, right, arm=arm, base_model="m")
        for arm, right in (("base", [0, 1] * 50), ("hc", [1, 1] * 50))
    ]
    with pytest.raises(SystemExit) as end:
        run("compare_two_runs.py", monkeypatch, *folders)
    assert not end.value.code


@pytest.mark.slow
def test_full_study(tmp_path: Path) -> None:
    """In a process of its own, since it trains and seeds torch."""
    command = [
        sys.executable,
        "examples/full_study.py",
        "--out",
        str(tmp_path / "study"),
        "--n",
        "12",
        "--limit",
        "6",
        "--tokens",
        "8",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr[-2000:]
    verdicts = [line for line in done.stdout.splitlines() if " against base: " in line]
    assert [line.partition(" against")[0] for line in verdicts] == ["nt", "hc"]
    assert (tmp_path / "study/board/index.html").is_file()
    assert (tmp_path / "study/adapters/hc/adapter_model.safetensors").is_file()


def test_full_study_tells_a_mistake_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="There is no model 'nowhere'"):
        run("full_study.py", monkeypatch, "--model", "nowhere", "--out", tmp_path, "--n", 2)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_prints_what_it_shows(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    namespace: dict[str, Any] = {}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        printed, page = run_cell("".join(cell["source"]), namespace)
        shown = [one for one in cell["outputs"] if one["output_type"] == "stream"]
        assert printed == "".join("".join(one["text"]) for one in shown)
        pages = [
            "".join(one["data"]["text/html"])
            for one in cell["outputs"]
            if one["output_type"] == "execute_result"
        ]
        assert pages == ([page] if page is not None else [])


def run_cell(source: str, namespace: dict[str, Any]) -> tuple[str, str | None]:
    """Run a cell as a notebook does: return what it printed, and how its last expression is shown."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    out, value = io.StringIO(), None
    with contextlib.redirect_stdout(out):
        exec(compile(tree, "cell", "exec"), namespace)  # noqa: S102
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)  # noqa: S307
    return out.getvalue(), None if value is None else value._repr_html_()
