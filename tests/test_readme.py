"""What the README shows: short, true of the tree, and each command and snippet in it runs."""

import contextlib
import io
import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^    ((?:stylerep|make|python3|\.venv/bin/pip) .*)$", README, re.MULTILINE)
TREE = re.findall(r"^    (\w+)/ +(\S.*)$", README, re.MULTILINE)
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_it_is_short_and_shows_one_picture_and_one_figure() -> None:
    assert len(README.split()) < 700
    assert re.findall(r"!\[.+\]\((.+)\)", README) == ["docs/images/traces.svg", "docs/images/demo.svg"]


def test_the_figure_says_the_numbers_that_it_is_drawn_from() -> None:
    demo = json.loads((ROOT / "docs/images/demo.json").read_text(encoding="utf-8"))
    told = ", ".join(f"{run['run']} {run['accuracy']:.0f}" for run in demo["runs"])
    assert f"{told} percent" in README
    assert f"measured on {demo['date']} at commit {demo['commit']}" in " ".join(README.split())
    page = (ROOT / "docs/measurements/demo.md").read_text(encoding="utf-8")
    for run in demo["runs"]:
        low, high = run["interval"]
        assert (
            f"| `{run['run']}` | {run['accuracy']} [{low}, {high}] | {run['answered']:.2f} |"
            f" {run['pivots_per_100_words']:.2f} | {run['words']} |" in page
        )


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_prints_what_stands_below_it(snippet: str) -> None:
    code = [line for line in snippet.splitlines() if line and not line.startswith("# ")]
    said = [line.removeprefix("# ") for line in snippet.splitlines() if line.startswith("# ")]
    assert len(code) == 3
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec("\n".join(code), {})  # noqa: S102
    assert out.getvalue().splitlines() == said


def test_two_snippets_and_all_commands_are_found() -> None:
    assert len(SNIPPETS) == 2
    assert [command.split()[0] for command in COMMANDS] == [
        "python3",
        ".venv/bin/pip",
        "make",
        "make",
        *["stylerep"] * 8,
    ]
    assert "make test " in README


@pytest.mark.parametrize("target", re.findall(r"make ([\w-]+)", README))
def test_a_target_of_make_is_there_and_runs_what_it_says(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert {"demo": "stylerep reproduce studies/demo.yaml", "test": "-m pytest", "test-slow": "-m slow"}[
        target
    ] in done.stdout


def test_it_installs_as_make_does() -> None:
    """By a dry run of pip, without an index: what is to be installed is here, and pins are found."""
    (command,) = (one for one in COMMANDS if "/pip " in one)
    words = shlex.split(command)[1:]
    assert " ".join(words) == "install -c constraints.txt -e ."
    assert " ".join(words[1:-2]) in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert (ROOT / "constraints.txt").is_file()


@pytest.mark.slow
def test_the_whole_way_runs_as_shown(stylerep_here: Run, tmp_path: Path, tiny_model: Path) -> None:
    """Each command to the letter, but with a tiny random model, 12 problems, 4 items and 8 new tokens."""
    for command in COMMANDS:
        verb, *words = shlex.split(command)
        if verb != "stylerep" or words[:2] == ["models", "pull"]:
            continue
        given = [
            word.replace("smollm2-135m-instruct", str(tiny_model)).replace("2000", "12").replace("500", "4")
            for word in words
        ]
        more = ["--gen_kwargs", "max_gen_toks=8"] if words[0] == "eval" else []
        done = stylerep_here(*given, *more, HF_HUB_OFFLINE="1")
        assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"
    for made in (
        "data/hc_w/train.parquet",
        "adapters/hc/adapter_config.json",
        "runs/hc/manifest.json",
        "board/index.html",
        "report.html",
    ):
        assert (tmp_path / made).is_file(), made


def test_the_model_that_is_pulled_is_one() -> None:
    from distill.models.packaged import NAMED

    (pulled,) = re.findall(r"stylerep models pull (\S+)", README)
    assert pulled in NAMED


def test_the_tree_has_every_folder() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    ).stdout.splitlines()
    folders = {line.partition("/")[0] for line in tracked if "/" in line and not line.startswith((".", '"'))}
    named = [name for name, _ in TREE]
    assert all((ROOT / name).is_dir() for name in named)
    assert not folders or folders == set(named)


def test_a_stranger_finds_five_places_by_their_paths() -> None:
    assert "def accuracy_interval" in (ROOT / place("change how accuracy intervals are made")).read_text(
        encoding="utf-8"
    )
    assert list((ROOT / place("add a task")).rglob("style_arith.yaml"))
    assert "think" in (ROOT / place("add a model family, new think tags with it") / "qwen3.yaml").read_text(
        encoding="utf-8"
    )
    assert (ROOT / place("add a source of problems") / "arith.py").is_file()
    from harness_ext.runs.manifests import MANIFEST

    assert place("see what a run recorded") == MANIFEST


def place(what: str) -> str:
    """Return the first path that the README names for something to do."""
    (row,) = re.findall(rf"^\| {re.escape(what)} \| (.*) \|$", README, re.MULTILINE)
    return re.findall(r"`([^`]+)`", row)[0]
