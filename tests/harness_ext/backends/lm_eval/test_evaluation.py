import ast
import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from harness_ext.runs.run_folder import load_run, sample_files
from harness_ext.scoring.preference import METRICS as PREFERENCE_METRICS
from harness_ext.scoring.scores import METRICS
from harness_ext.scoring.task_folder import tasks_path
from tests.conftest import one_sentence

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).resolve().parents[4]


def test_only_the_backend_and_the_registration_of_metrics_import_lm_eval() -> None:
    importing = set()
    for path in [
        *ROOT.glob("synth/**/*.py"),
        *ROOT.glob("distill/**/*.py"),
        *ROOT.glob("harness_ext/**/*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            if any(name.split(".")[0] == "lm_eval" for name in names):
                importing.add(
                    str(
                        path.relative_to(ROOT)
                        if path.name == "registration.py"
                        else path.parent.relative_to(ROOT)
                    )
                )
            if path.is_relative_to(ROOT / "synth"):
                assert not any(name.split(".")[0] in ("torch", "distill", "harness_ext") for name in names), (
                    path
                )
    assert importing == {"harness_ext/backends/lm_eval", "harness_ext/scoring/registration.py"}


@pytest.mark.slow
def test_plain_lm_eval_runs_every_task_from_any_folder_offline(tmp_path: Path, published_sets: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "lm_eval",
        "--include_path",
        str(tasks_path()),
        "--tasks",
        "style_*",
        "--model",
        "dummy",
        "--limit",
        "2",
    ]
    result = subprocess.run(
        [*command, "--output_path", "out", "--log_samples"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        env={
            "PATH": "",
            "PYTHONPATH": str(ROOT),
            "HF_HUB_OFFLINE": "1",
            "STYLEREP_DATA": str(published_sets),
            "HOME": str(tmp_path),
        },
    )
    assert result.returncode == 0, result.stderr[-3000:]
    _every_task_is_there(tmp_path / "out")


@pytest.mark.slow
def test_a_real_model_runs_every_task(
    stylerep_here: Run, tmp_path: Path, published_sets: Path, real_model: str
) -> None:
    result = stylerep_here(
        *(
            "eval",
            "--model",
            "hf",
            "--model_args",
            f"pretrained={real_model}",
            "--tasks",
            "style_*",
            "--limit",
            2,
            "--output_path",
            "out",
        ),
        *("--gen_kwargs", "max_gen_toks=16"),
        STYLEREP_DATA=str(published_sets),
        HF_HUB_OFFLINE="1",
    )
    assert result.returncode == 0, result.stderr[-3000:]
    _every_task_is_there(tmp_path / "out")


@pytest.mark.slow
def test_a_real_model_behind_a_server_runs_every_task_that_generates(
    stylerep: Run, tmp_path: Path, published_sets: Path, real_model: str
) -> None:
    from distill.models.pretrained import resolve_model

    path, port = resolve_model(real_model), _free_port()
    tasks = [name for name in _TASKS if "prefer" not in name]
    server = [
        str(Path(sys.executable).parent / "transformers"),
        "serve",
        path,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    log = tmp_path / "server.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            server, stdout=output, stderr=output, env={**os.environ, "HF_HUB_OFFLINE": "1"}
        ) as process,
    ):
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process, log)
            result = stylerep(
                *(
                    "eval",
                    "--model",
                    "local-chat-completions",
                    "--tasks",
                    ",".join(tasks),
                    "--limit",
                    2,
                    "--output_path",
                    "out",
                ),
                *(
                    "--model_args",
                    f"base_url=http://127.0.0.1:{port}/v1/chat/completions,model={path}",
                    "--gen_kwargs",
                    "max_gen_toks=16",
                ),
                STYLEREP_DATA=str(published_sets),
                HF_HUB_OFFLINE="1",
            )
        finally:
            process.terminate()
    assert result.returncode == 0, result.stderr[-3000:] + log.read_text(errors="replace")[-3000:]
    run = load_run(tmp_path / "out")
    assert {task for task, _ in run.tasks} == set(tasks)
    assert (run.manifest["model"], run.manifest["base_model"]) == ("local-chat-completions", path)
    samples = [
        json.loads(line)
        for file in sample_files(tmp_path / "out").values()
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    assert any(sample["resps"][0][0].strip() for sample in samples)


_TASKS = sorted(path.stem for path in tasks_path().rglob("style_*.yaml"))


def _every_task_is_there(folder: Path) -> None:
    run = load_run(folder)
    assert {task for task, _ in run.tasks} == set(_TASKS)
    for (task, _), items in run.tasks.items():
        assert len(items) == 2
        wanted = set(PREFERENCE_METRICS if "prefer" in task else METRICS)
        assert all(wanted <= set(item.metrics) for item in items.values())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a server answers; fail with its log if it ends or takes five minutes."""
    end = time.monotonic() + 300
    while time.monotonic() < end and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(address, timeout=5) as answer,  # noqa: S310 (our own address)
        ):
            if answer.status == 200:
                return
        time.sleep(1)
    pytest.fail(f"the server did not come up: {log.read_text(errors='replace')[-3000:]}")


def test_a_model_without_likelihoods_is_told_to_leave_tasks_of_preference_out(stylerep_here: Run) -> None:
    model = [
        "--model",
        "local-chat-completions",
        "--model_args",
        "base_url=http://127.0.0.1:9/v1/chat/completions,model=m",
    ]
    result = stylerep_here(
        "eval", *model, "--tasks", "style_prefer_chain", "--limit", 1, "--output_path", "out"
    )
    assert "gives no likelihoods, which tasks of preference need" in one_sentence(result)


def test_few_shot_examples_are_refused(stylerep_here: Run) -> None:
    result = stylerep_here(
        "eval", "--model", "dummy", "--tasks", "style_chain", "--num_fewshot", 3, "--output_path", "out"
    )
    assert "ask without examples" in one_sentence(result)


def test_a_group_stands_for_its_tasks(stylerep_here: Run, tmp_path: Path, published_sets: Path) -> None:
    result = stylerep_here(
        "eval",
        "--model",
        "dummy",
        "--tasks",
        "stylebench_paper",
        "--limit",
        2,
        "--output_path",
        "out",
        STYLEREP_DATA=str(published_sets),
        HF_HUB_OFFLINE="1",
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert {task for task, _ in load_run(tmp_path / "out").tasks} == {
        "style_math500",
        "style_aime24",
        "style_gpqa_diamond",
    }


def test_a_missing_benchmark_is_told_in_a_sentence(stylerep_here: Run, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    result = stylerep_here(
        "eval",
        "--model",
        "dummy",
        "--tasks",
        "style_gsm8k",
        "--output_path",
        "out",
        STYLEREP_DATA=str(tmp_path / "nothing"),
    )
    assert "gsm8k_test.jsonl: no such file, though STYLEREP_DATA names this folder" in one_sentence(result)


@pytest.mark.slow
def test_a_run_is_recorded_and_keeps_other_runs_out(stylerep: Run, tmp_path: Path, tiny_model: Path) -> None:
    evaluate = [
        "eval",
        "--model",
        "hf",
        "--model_args",
        f"pretrained={tiny_model}",
        "--tasks",
        "style_arith",
        "--limit",
        3,
    ]
    claims = tmp_path / "claims.yaml"
    claims.write_text("claims:\n- {better: [hc, base], task: style_arith}\n")
    assert "mistyped.yaml: there is no such claims file" in one_sentence(
        stylerep(*evaluate, "--output_path", "base", "--claims", "mistyped.yaml")
    )
    result = stylerep(
        *evaluate, "--gen_kwargs", "max_gen_toks=8", "--output_path", "base", "--claims", claims
    )
    assert result.returncode == 0, result.stderr[-3000:]
    run = load_run(tmp_path / "base")
    assert run.manifest["claims_sha256"] == hashlib.sha256(claims.read_bytes()).hexdigest()
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
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ,"
        " signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\nsys.argv = ['stylerep',"
        " 'eval', '--model', 'dummy', '--tasks', 'style_arith', '--limit', '30', '--output_path',"
        " 'out']\nfrom harness_ext.__main__ import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=900
    )
    assert "could not save the results whole" in one_sentence(result)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
