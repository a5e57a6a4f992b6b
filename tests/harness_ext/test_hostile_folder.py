"""Every verb works in a folder that holds modules under the names of Python's, ours and others',
and none of them is imported.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from synth.processes.python_start import module_command, safe_environment
from tests.harness_ext.pipelines.study.files import write_study

NAMES = (
    "json",
    "types",
    "pickle",
    "logging",
    "typing",
    "runpy",
    "pkgutil",
    "re",
    "random",
    "queue",
    "copy",
    "inspect",
    "multiprocessing",
    "subprocess",
    "stylerep",
    "synth",
    "distill",
    "harness_ext",
    "torch",
    "numpy",
    "yaml",
    "lm_eval",
    "transformers",
    "accelerate",
    "datasets",
    "pip",
    "submitit",
    "math_verify",
)
_SCRIPT = (
    "import sys; sys.path[:1] = []; sys.argv[0] = 'stylerep'; from harness_ext.__main__ import main; main()"
)
Command = Callable[..., str]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder of modules each of which leaves its name in the file ``imported``."""
    mark = (
        f"open({str(tmp_path / 'imported')!r}, 'a').write(__file__ + ' ')\nraise SystemExit(__file__ + ' was"
        " imported')\n"
    )
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(mark, encoding="utf-8")
    return tmp_path


@pytest.fixture
def command(hostile: Path) -> Command:
    """Runs ``stylerep`` there, as its installed script starts it, and returns what it printed; fails if
    anything of that folder was imported.
    """

    def run(*words: object) -> str:
        environment = safe_environment()
        del environment["PYTHONSAFEPATH"]  # a user's has it not
        result = subprocess.run(
            [sys.executable, "-c", _SCRIPT, *map(str, words)],
            capture_output=True,
            text=True,
            cwd=hostile,
            env=environment,
            check=False,
        )
        imported = hostile / "imported"
        assert not imported.exists(), f"{words[0]}: {imported.read_text()}"
        assert result.returncode == 0, f"{words}: {result.stderr[-2000:]}"
        return result.stdout

    return run


def _write_rows(path: Path, filler: int = 0) -> None:
    """Write responses whose formulas are compared by math-verify, which has a process of its own."""
    trace = f"<think>{'Wait. ' * filler}</think>"
    rows = [
        {
            "task": "sums",
            "question": f"{i}+1?",
            "answer": f"\\frac{{{i}}}{{7}}x",
            "response": f"{trace} \\boxed{{x{i}/7}}",
        }
        for i in range(1, 9)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.mark.slow
def test_verbs_without_a_model(command: Command, hostile: Path) -> None:
    command("--help")
    command("models", "list")
    command("validate", "families", "llama3")
    command("synth", "--problems", "arith:train", "--arms", "nt,hc", "--n", "20", "--out", "data")
    command("analyze", "data/hc/train.parquet", "--json", "scores.json")
    for name in ("one", "two"):
        _write_rows(hostile / f"{name}.jsonl", 60_000)  # large enough for several processes to read
        command("import", f"{name}.jsonl", "--model", "m", "--arm", name, "--out", f"runs/{name}")
    command("compare", "runs/one", "runs/two", "--json", "verdicts.json")
    command("leaderboard", "runs/one", "runs/two", "-o", "board", "--jobs", "2")


@pytest.mark.slow
def test_verbs_with_a_model(command: Command, hostile: Path, tiny_model: Path) -> None:
    command(
        "synth",
        "--problems",
        "arith:train",
        "--arms",
        "hc",
        "--n",
        "120",
        "--dial",
        "trace_words=60",
        "--out",
        "data",
    )
    command("distill", "--model", tiny_model, "--data", "data/hc", "--epochs", "1", "--out", "adapter")
    command(
        "steer",
        "fit",
        "--model",
        tiny_model,
        "--adapter",
        "adapter",
        "--data",
        "data/hc",
        "--out",
        "steer.safetensors",
    )
    given = (
        "--model_args",
        f"pretrained={tiny_model},peft=adapter",
        "--tasks",
        "style_arith",
        "--limit",
        "4",
        "--gen_kwargs",
        "max_gen_toks=8",
    )
    command("eval", "--model", "style-hf", *given, "--output_path", "runs/ours")
    command("eval", "--model", "hf", *given, "--output_path", "runs/theirs")
    command("reproduce", write_study(hostile, tiny_model), "--out", "study")
    command(
        "reproduce",
        write_study(hostile, tiny_model, arms=["nt"], claims=[]),
        "--out",
        "study-of-jobs",
        "--engine",
        "submitit-local",
    )


@pytest.mark.parametrize(
    "words", [("harness_ext", "tasks-path"), ("pip", "--version"), ("synth.grading.same_formula",)]
)
def test_a_process_of_ours_is_started_safely(hostile: Path, words: tuple[str, ...]) -> None:
    found = subprocess.run(
        module_command(*words),
        input="",
        capture_output=True,
        text=True,
        cwd=hostile,
        env=safe_environment(),
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert not (hostile / "imported").exists()


def test_what_was_named_on_purpose_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/named", "", "here", ""]))
    named = safe_environment()["PYTHONPATH"].split(os.pathsep)
    assert named[:2] == ["/named", str(tmp_path / "here")]
    assert str(tmp_path) not in named
