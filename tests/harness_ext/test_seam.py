import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from harness_ext.metrics import METRICS
from harness_ext.runs import load_run
from harness_ext.task_folder import tasks_path
from tests.conftest import one_sentence

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def gsm8k(tmp_path: Path) -> Path:
    """A folder with a GSM8K test file of three problems of our own."""
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    rows = [{"question": f"Ann has {i} pens and buys 3. How many?", "answer": f"{i}+3=<<{i}+3={i + 3}>>{i + 3}\n#### {i + 3}"} for i in range(3)]
    (folder / "gsm8k_test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_only_one_package_imports_lm_eval() -> None:
    importing = set()
    for path in [*ROOT.glob("synth/**/*.py"), *ROOT.glob("distill/**/*.py"), *ROOT.glob("harness_ext/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.split(".")[0] == "lm_eval" for name in names):
                importing.add(str(path.parent.relative_to(ROOT)))
            if path.is_relative_to(ROOT / "synth"):
                assert not any(name.split(".")[0] in ("torch", "distill", "harness_ext") for name in names), path
    assert importing == {"harness_ext/seam"}


def test_tasks_report_every_metric() -> None:
    base = yaml.load((tasks_path() / "_generate.yaml").read_text().replace("!function ", ""), Loader=yaml.SafeLoader)
    assert tuple(item["metric"] for item in base["metric_list"]) == METRICS
    assert all(item["aggregation"] == "mean" and "higher_is_better" in item for item in base["metric_list"])


@pytest.mark.slow
def test_plain_lm_eval_runs_every_task_from_any_folder_offline(tmp_path: Path, gsm8k: Path) -> None:
    command = [sys.executable, "-m", "lm_eval", "--include_path", str(tasks_path()), "--tasks", "style_*", "--model", "dummy", "--limit", "2"]
    result = subprocess.run(
        [*command, "--output_path", "out", "--log_samples"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        env={"PATH": "", "HF_HUB_OFFLINE": "1", "STYLEREP_DATA": str(gsm8k), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    run = load_run(tmp_path / "out")
    assert {task for task, _ in run.tasks} == {path.stem for path in tasks_path().rglob("style_*.yaml")}
    for items in run.tasks.values():
        assert len(items) == 2
        assert all(set(METRICS) <= set(item.metrics) for item in items.values())


@pytest.mark.slow
def test_a_missing_benchmark_is_told_in_a_sentence(stylerep: Run, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    result = stylerep("eval", "--model", "dummy", "--tasks", "style_gsm8k", "--output_path", "out", STYLEREP_DATA=str(tmp_path / "nothing"))
    assert "gsm8k_test.jsonl: no such file, though STYLEREP_DATA names this folder" in one_sentence(result)


@pytest.mark.slow
def test_a_run_is_recorded_and_keeps_other_runs_out(stylerep: Run, tmp_path: Path, tiny_model: Path) -> None:
    evaluate = ["eval", "--model", "hf", "--model_args", f"pretrained={tiny_model}", "--tasks", "style_arith", "--limit", 3]
    result = stylerep(*evaluate, "--gen_kwargs", "max_gen_toks=8", "--output_path", "base")
    assert result.returncode == 0, result.stderr[-3000:]
    run = load_run(tmp_path / "base")
    (items,) = run.tasks.values()
    assert len(items) == 3
    assert {key: run.manifest[key] for key in ("arm", "family", "chat_template", "model")} == {
        "arm": "base",
        "family": "llama",
        "chat_template": True,
        "model": "hf",
    }
    assert all((tmp_path / "base" / name).is_file() for name in run.manifest["files"])

    before = sorted(path.name for path in (tmp_path / "base").rglob("*"))
    other = stylerep(*evaluate, "--gen_kwargs", "max_gen_toks=9", "--output_path", "base")
    assert "already holds a run whose gen_kwargs" in one_sentence(other)
    assert sorted(path.name for path in (tmp_path / "base").rglob("*")) == before


@pytest.mark.slow
def test_results_that_cannot_be_saved_are_told(tmp_path: Path) -> None:
    """lm_eval only logs a failure to save; a limit on file size makes one."""
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "sys.argv = ['stylerep', 'eval', '--model', 'dummy', '--tasks', 'style_arith', '--limit', '30', '--output_path', 'out']\n"
        "from harness_ext.__main__ import main; main()"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
    assert "could not save the results whole" in one_sentence(result)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
