import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import one_sentence

Run = Callable[..., subprocess.CompletedProcess[str]]
VERBS = (
    "models pull",
    "synth",
    "teach",
    "analyze",
    "distill",
    "learnability",
    "probe",
    "eval",
    "import",
    "compare",
    "leaderboard",
    "reproduce",
)


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_a_command_to_paste(stylerep: Run, verb: str) -> None:
    result = stylerep(*verb.split(), "--help")
    assert result.returncode == 0
    assert f"stylerep {verb} " in " ".join(result.stdout.split("Example:")[1].split())


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['stylerep', '--help']\nfrom harness_ext.__main__ import main\ntry:"
        " main()\nexcept SystemExit: pass\nprint([name for name in ('torch', 'lm_eval', 'transformers',"
        " 'datasets', 'scipy', 'matplotlib') if name in sys.modules])"
    )
    assert subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.endswith("[]\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["synth", "--problems", "arithmetic", "--n", 5, "--out", "d"], "no problem source 'arithmetic'"),
        (["synth", "--problems", "arith", "--n", 5, "--arms", "hc,hx", "--out", "d"], "no arm 'hx'"),
        (["distill", "--model", "nowhere", "--data", "d", "--out", "a"], "not a trace data set"),
        (["compare", "a", "b"], "no such run folder"),
        (["leaderboard"], "there is no board here"),
        (["leaderboard", "a", "-o", "b"], "no such run folder"),
        (["leaderboard", "a", "--traces", "few", "-o", "b"], "--traces takes a number or all"),
        (["import", "nothing.jsonl", "--out", "r"], "nothing.jsonl: there is no such file or folder."),
        (["models", "pull", "gpt-7"], "no model 'gpt-7'"),
        (["reproduce", "nothing.yaml", "--out", "s"], "no such study file"),
        (["eval", "--tasks", "style_arith"], "--output_path"),
        (["eval", "--model", "dummy", "--output_path", "r"], "which tasks"),
        (
            ["eval", "--model", "dummy", "--tasks", "style_arth", "--output_path", "r"],
            "did you mean style_arith",
        ),
        (
            [
                "eval",
                "--model",
                "hf",
                "--model_args",
                "pretrained=nowhere",
                "--tasks",
                "style_arith",
                "--output_path",
                "r",
            ],
            "no model 'nowhere'",
        ),
        (["eval", "--model", "hf", "--tasks", "style_arith", "--output_path", "r"], "pretrained=NAME"),
    ],
)
def test_a_mistake_is_one_sentence(stylerep: Run, tmp_path: Path, arguments: list[object], says: str) -> None:
    assert says in one_sentence(stylerep(*arguments))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_corrupt_line_is_one_sentence_and_the_old_data_stays(stylerep: Run, tmp_path: Path) -> None:
    row = {"question": "Ann has 4 pens and buys 3. How many?", "answer": "4+3=<<4+3=7>>7\n#### 7"}
    source = tmp_path / "mine.jsonl"
    source.write_text(json.dumps(row) + "\n")
    assert stylerep("synth", "--problems", "mine.jsonl", "--out", "data").returncode == 0
    before = (tmp_path / "data/hc/train.parquet").read_bytes()
    source.write_text(json.dumps(row) + "\n" + json.dumps(row)[:30] + "\n")
    assert "mine.jsonl, line 2" in one_sentence(
        stylerep("synth", "--problems", "mine.jsonl", "--out", "data")
    )
    assert (tmp_path / "data/hc/train.parquet").read_bytes() == before


def test_a_full_disk_is_one_sentence_and_the_old_data_stays(tmp_path: Path) -> None:
    """On a file system of 1 MB, in a mount namespace of its own."""
    if (
        not shutil.which("unshare")
        or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this system lets no user make a mount namespace, so there is no small disk to fill")
    small = tmp_path / "small"
    small.mkdir()
    synth = f"{sys.executable} -m harness_ext synth --problems arith --arms hc --out {small}"
    script = (
        f"mount -t tmpfs -o size=1m none {small} && {synth} --n 20 && sha256sum {small}/hc/*"
        f" >{tmp_path}/before\n{synth} --n 8000; echo code $?\nsha256sum {small}/hc/* >{tmp_path}/after; ls"
        f" -A {small}\n"
    )
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False
    )
    assert "code 2" in result.stdout, result.stderr
    assert "No space left on device" in result.stderr.strip().splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert (tmp_path / "before").read_text() == (tmp_path / "after").read_text() != ""
    assert result.stdout.endswith("hc\n")


def test_a_file_too_large_is_one_sentence(tmp_path: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command = [
        sys.executable,
        "-m",
        "harness_ext",
        "synth",
        "--problems",
        "arith",
        "--n",
        "500",
        "--out",
        str(tmp_path / "d"),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert "File too large" in one_sentence(result)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_ctrl_c_is_one_sentence_and_the_old_data_stays(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "harness_ext",
        "synth",
        "--problems",
        "arith",
        "--arms",
        "hc",
        "--out",
        str(tmp_path),
    ]
    subprocess.run([*command, "--n", "5"], check=True, capture_output=True)
    before = (tmp_path / "hc/train.parquet").read_bytes()

    def listen() -> None:
        # A shell's background job starts with Ctrl-C ignored, and its children inherit that.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        [*command, "--n", "100000"], stderr=subprocess.PIPE, text=True, preexec_fn=listen
    ) as process:
        # made at the beginning of rendering, which takes over half a minute
        while not list(tmp_path.glob(".hc.new-*")):
            assert process.poll() is None, "it ended before it could be interrupted"
            time.sleep(0.01)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert errors.strip().startswith("stylerep: Interrupted")
    assert len(errors.strip().splitlines()) == 1
    assert (tmp_path / "hc/train.parquet").read_bytes() == before
    assert os.listdir(tmp_path) == ["hc"]


def test_the_task_folder_is_printed(stylerep: Run) -> None:
    folder = Path(stylerep("tasks-path").stdout.strip())
    assert (folder / "arith/style_arith.yaml").is_file()


def test_every_command_of_the_readme_exists(stylerep: Run) -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"^ *stylerep ([a-z-]+)", text, re.MULTILINE))
    known = set(re.findall(r"^  ([a-z-]+) ", stylerep("--help").stdout, re.MULTILINE))
    assert used
    assert used <= known
