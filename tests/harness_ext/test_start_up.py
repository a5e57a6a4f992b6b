"""What is wrong with a command is told before anything is imported that takes long."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import one_sentence

HEAVY = ("torch", "transformers", "datasets", "peft", "scipy", "pandas", "matplotlib")
ROOT = Path(__file__).resolve().parents[2]
# Says at exit, on a line of its own, what was imported and how many seconds of processor time that took.
_WRAPPED = (
    f"import atexit, json, os, sys\nnames = {(*HEAVY, 'lm_eval')!r}\natexit.register(lambda:"
    " print(json.dumps([[name for name in names if name in sys.modules],"
    " sum(os.times()[:2])])))\nsys.argv[0] = 'stylerep'\nfrom harness_ext.__main__ import main\nmain()\n"
)
_EVAL = ("eval", "--output_path", "r")
_SYNTH = ("synth", "--problems", "arith", "--n", "3", "--out", "o")
_TEACH = ("teach", "--problems", "arith", "--n", "3", "--out", "t")
_DISTILL = ("distill", "--model", "nowhere", "--data", "DATA", "--out", "a")
_CROSSCODE = (
    *("crosscode", "fit", "--model", "org/name", "--data", "DATA", "--out", "c"),
    *("--adapter", "nope"),
)
WRONG = [
    ([*_DISTILL[:3], "--data", "missing", "--out", "a"], "this is not a trace data set"),
    (_DISTILL, "There is no model 'nowhere'"),
    ([*_DISTILL, "--recipe", "large"], "There is no recipe 'large'"),
    ([*_DISTILL, "--method", "magic"], "method must be one of lora"),
    ([*_DISTILL, "--method", "opd"], "--method opd needs --teacher"),
    ([*_DISTILL, "--teacher", "m"], "--teacher is for on-policy distillation"),
    ([*_DISTILL, "--method", "opd", "--teacher", "m", "--temperature", "0"], "temperature must be above 0"),
    ([*_DISTILL, "--select", "magic"], "There is no way 'magic' to select rows"),
    ([*_DISTILL, "--drop", "0.1"], "--drop needs --select"),
    ([*_DISTILL, "--part-tokens", "0"], "part-tokens"),
    ([*_DISTILL, "--without", "nowhere.txt"], "there is no such list of row ids"),
    ([*_DISTILL, "--method", "full", "--merge", "m"], "no adapter to merge"),
    ([*_EVAL, "--model", "nomodel", "--tasks", "style_arith"], "lm_eval has no model 'nomodel'"),
    ([*_EVAL, "--model", "dummy"], "Say which tasks to run"),
    ([*_EVAL, "--model", "dummy", "--tasks", "style_arth"], "did you mean style_arith"),
    ([*_EVAL, "--model", "dummy", "--tasks", "gms8k"], "did you mean gsm8k"),
    ([*_EVAL, "--model", "dummy", "--tasks", "style_arith", "--num_fewshot", "2"], "ask without examples"),
    (
        [*_EVAL, "--model", "dummy", "--tasks", "style_arith", "--limits", "2"],
        "unrecognized arguments: --limits",
    ),
    (
        [*_EVAL, "--model", "hf", "--tasks", "style_arith", "--model_args", "nonsense"],
        "expected `key=value`, got 'nonsense'",
    ),
    ([*_EVAL, "--model", "hf", "--tasks", "style_arith"], "pretrained=NAME"),
    (
        [*_EVAL, "--model", "hf", "--tasks", "style_arith", "--model_args", "pretrained=nowhere"],
        "There is no model 'nowhere'",
    ),
    (
        [
            *_EVAL,
            "--model",
            "hf",
            "--tasks",
            "style_arith",
            "--model_args",
            "pretrained=org/name,peft=nowhere",
        ],
        "there is no adapter here",
    ),
    (
        [
            *_EVAL,
            "--model",
            "style-hf",
            "--tasks",
            "style_arith",
            "--model_args",
            "pretrained=org/name,suppress=magic",
        ],
        "suppress takes realization",
    ),
    (
        [
            *_EVAL,
            "--model",
            "hf",
            "--tasks",
            "style_arith",
            "--model_args",
            "pretrained=org/name,suppress=all",
        ],
        "suppress goes with --model style-hf",
    ),
    (
        [*_EVAL, "--model", "dummy", "--tasks", "style_arith", "--claims", "missing.yaml"],
        "there is no such claims file",
    ),
    (["eval", "--model", "dummy", "--tasks", "style_arith"], "--output_path"),
    ([*_EVAL, "--model", "dummy", "--tasks", "style_arith", "--against", "r"], "goes with --until-settled"),
    ([*_EVAL, "--model", "dummy", "--tasks", "style_arith", "--until-settled"], "--until-settled needs a"),
    (
        [*_EVAL, "--tasks", "style_arith", "--until-settled", "--against", "no", "--margin", "0.1"],
        "no: there is no such run folder",
    ),
    ([*_TEACH, "--model", "nomodel"], "lm_eval has no model 'nomodel'"),
    ([*_TEACH, "--model", "hf", "--model_args", "pretrained=nowhere"], "There is no model 'nowhere'"),
    ([*_TEACH, "--model", "hf", "--keep", "some"], "--keep is first or all"),
    (["teach", "--model", "hf", "--problems", "nope", "--out", "t"], "There is no problem source 'nope'"),
    (
        ["steer", "fit", "--model", "org/name", "--data", "missing", "--out", "s.safetensors"],
        "this is not a trace data set",
    ),
    (
        ["steer", "fit", "--model", "nowhere", "--data", "DATA", "--out", "s.safetensors"],
        "There is no model 'nowhere'",
    ),
    (
        [
            "steer",
            "fit",
            "--model",
            "org/name",
            "--adapter",
            "nope",
            "--data",
            "DATA",
            "--out",
            "s.safetensors",
        ],
        "there is no adapter here",
    ),
    (_CROSSCODE, "there is no adapter here"),
    ([*_CROSSCODE, "--k", "9", "--l1", "1"], "--k is of BatchTopK, which --l1 takes the place of"),
    ([*_CROSSCODE, "--l1", "0"], "--l1 must be a number above 0"),
    ([*_CROSSCODE, "--features", "20"], "--k 32: no more features can be active than there are"),
    (["crosscode", "report", "missing", "--data", "DATA"], "missing: this is no crosscoder"),
    (["learnability", "missing", "--model", "org/name", "--out", "l"], "this is not a trace data set"),
    (["learnability", "DATA", "--model", "nowhere", "--out", "l"], "There is no model 'nowhere'"),
    (["probe", "missing", "--out", "p"], "missing: there is no such run folder"),
    (["probe", ".", "--probes", "magic", "--out", "p"], "There is no probe 'magic'"),
    (["probe", ".", "--model", "nowhere", "--out", "p"], "There is no model 'nowhere'"),
    (["models", "pull", "nothing"], "There is no model 'nothing' to pull"),
    (["leaderboard", "missing", "--out", "b"], "there is no such run folder"),
    (["leaderboard", "--out", "b"], "there is no board here"),
    (["leaderboard", "missing", "--traces", "few"], "--traces takes a number or all"),
    (["compare", "missing", "other"], "there is no such run folder"),
    (["compare", "."], "needs two different run folders"),
    (["import", "missing", "--out", "r"], "there is no such file or folder"),
    (["import", "DATA", "--format", "magic", "--out", "r"], "There is no format 'magic'"),
    (["synth", "--problems", "nope", "--n", "3", "--out", "o"], "There is no problem source 'nope'"),
    (["synth", "--problems", "missing.jsonl", "--out", "o"], "missing.jsonl: there is no such file"),
    (["synth", "--from", "missing.jsonl", "--out", "o"], "there is no such file, folder or Hub data set"),
    (
        ["synth", "--problems", "arith", "--like", "missing", "--out", "o"],
        "missing: there is no such folder of a data set",
    ),
    ([*_SYNTH, "--arms", "nope"], "There is no arm 'nope'"),
    ([*_SYNTH, "--dial", "nope=1"], "There is no dial 'nope'"),
    ([*_SYNTH, "--style", "nope"], "there is no such profile"),
    ([*_SYNTH, "--language", "xx"], "There are no templates for the language 'xx'"),
    ([*_SYNTH, "--templates", "missing"], "there is no such folder of templates"),
    (["analyze", "missing"], "there is no such file, folder or Hub data set"),
    (["analyze", ".", "--reference", "nope"], "there is no such profile"),
    (["reproduce", "missing.yaml", "--out", "s"], "there is no such study file"),
    (["reproduce", "demo", "--out", "s", "--engine", "magic"], "--engine takes processes"),
    (["validate", "nope"], "there is no file nope.yaml"),
    (["validate", "families", "nope"], "There is no family file nope.yaml"),
    (["validate", "tasks", "--folder", "missing"], "there is no task file here"),
    (["tasks-path", "extra"], "unexpected extra argument"),
    (["launch-path", "extra"], "unexpected extra argument"),
    (["nope"], "No such command 'nope'"),
    *(
        ([*verb.split(), "--nope"], "No such option: --nope")
        for verb in (
            *(
                "models list",
                "models pull",
                "synth",
                "teach",
                "analyze",
                "distill",
                "steer fit",
                "crosscode fit",
                "crosscode report",
                "learnability",
                "probe",
                "compare",
                "leaderboard",
                "import",
                "reproduce",
            ),
            *("validate", "tasks-path", "launch-path"),
        )
    ),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of a few rows."""
    folder = tmp_path_factory.mktemp("data")
    command = [
        sys.executable,
        "-m",
        "harness_ext",
        "synth",
        "--problems",
        "arith",
        "--n",
        "5",
        "--arms",
        "hc",
        "--out",
        str(folder),
    ]
    subprocess.run(command, check=True, capture_output=True, env=_environment(), timeout=300)
    return folder / "hc"


@pytest.fixture
def wrapped(
    tmp_path: Path, data: Path
) -> Callable[..., tuple[subprocess.CompletedProcess[str], list[str], float]]:
    """Runs ``stylerep`` in a process of its own; returns what came of it, what it imported of `HEAVY`, and
    its seconds of processor time.
    """

    def run(arguments: list[str]) -> tuple[subprocess.CompletedProcess[str], list[str], float]:
        command = [
            sys.executable,
            "-c",
            _WRAPPED,
            *(str(data) if one == "DATA" else one for one in arguments),
        ]
        result = subprocess.run(
            command,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=_environment(),
        )
        heavy, seconds = json.loads(result.stdout.splitlines()[-1])
        return result, heavy, seconds

    return run


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    WRONG,
    ids=lambda value: " ".join(value) if isinstance(value, (list, tuple)) else "",
)
def test_a_mistake_is_told_at_once(wrapped: Any, arguments: list[str], says: str) -> None:
    result, heavy, seconds = wrapped(arguments)
    assert says in one_sentence(result)
    assert len(result.stderr.strip().splitlines()) == 1
    assert not set(HEAVY) & set(heavy)
    assert seconds < 5  # under one where the machine is idle; what is heavy takes three and more


@pytest.mark.parametrize(
    "verb",
    [
        "",
        *dict.fromkeys(arguments[0] for arguments, says in WRONG if says.startswith("No such option")),
        "eval",
        "steer fit",
    ],
)
def test_help_is_shown_at_once(wrapped: Any, verb: str) -> None:
    result, heavy, seconds = wrapped([*verb.split(), "--help"])
    assert result.returncode == 0
    assert "Usage:" in result.stdout
    assert not set(HEAVY) & set(heavy)
    assert seconds < 5


def test_reading_scoring_importing_comparing_and_boards_need_no_torch(wrapped: Any, tmp_path: Path) -> None:
    for name, wrong in (("one", 0), ("two", 3)):
        rows = [
            {
                "question": f"{i}+1?",
                "answer": str(i + 1),
                "response": f"<think>Wait. So.</think>It is {i + 1 + (i < wrong)}.",
            }
            for i in range(20)
        ]
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
        )
    work = (
        ["import", "one.jsonl", "--model", "m", "--task", "t", "--out", "m"],
        ["import", "two.jsonl", "--model", "m", "--arm", "hc", "--task", "t", "--out", "n"],
        ["compare", "m", "n", "--margin", "0.05"],
        ["analyze", "one.jsonl"],
        ["leaderboard", "m", "n", "--out", "board"],
    )
    for arguments in work:
        result, heavy, seconds = wrapped(arguments)
        assert result.returncode == 0, result.stderr
        assert not {"torch", "transformers", "datasets", "peft", "lm_eval"} & set(heavy), arguments
        assert seconds < 5  # one and a half, work and all, where the machine is idle
