"""Every command that may take long shows what it is at, on stderr alone."""

import inspect
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from harness_ext.cli import app
from synth.progress import Stage, shown

RUNNER = CliRunner()
QUICK = {"models list", "launch-path", "tasks-path"}
OWN = {"models pull": "pull(", "reproduce": "run(", "validate": "_validate_tasks("}
"""Those that show their progress in ways of their own, or do their work elsewhere, and what they call."""


def verbs(group: typer.Typer, before: str = "") -> Iterator[tuple[str, object]]:
    for one in group.registered_commands:
        assert one.callback is not None
        yield before + (one.name or one.callback.__name__.replace("_", "-")), one.callback
    for two in group.registered_groups:
        assert two.typer_instance is not None
        yield from verbs(two.typer_instance, f"{before}{two.name} ")


def test_every_verb_that_may_take_long_shows_its_progress() -> None:
    found = dict(verbs(app))
    assert QUICK | set(OWN) <= set(found)
    silent = [
        name
        for name, callback in found.items()
        if name not in QUICK and OWN.get(name, "showing(") not in inspect.getsource(callback)  # type: ignore[arg-type]
    ]
    assert silent == []


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all be said at once, as often as it is looked at."""
    monkeypatch.delenv(shown.VARIABLE, raising=False)
    monkeypatch.setattr(shown, "_LINES_AFTER", 0.0)
    monkeypatch.setattr(shown, "_QUIET", (0.0,))
    monkeypatch.setattr(shown, "_LOOK", 0.002)
    reach = Stage.reach

    def slowly(stage: Stage, n: int) -> None:
        reach(stage, n)
        time.sleep(0.004)  # on a busy machine too, the display has a look

    monkeypatch.setattr(Stage, "reach", slowly)


@pytest.fixture
def responses(tmp_path: Path) -> Path:
    for name, wrong in (("one", 0), ("two", 40)):
        rows = [
            {
                "question": f"{i}+1?",
                "answer": str(i + 1),
                "correct": i >= wrong,
                "response": f"<think>{'Wait. So. ' * 20}</think>It is {i + 1 + (i < wrong)}.",
            }
            for i in range(120)
        ]
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
        )
    return tmp_path


def run(*arguments: object) -> tuple[str, str]:
    result = RUNNER.invoke(app, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


@pytest.mark.usefixtures("spoken")
def test_commands_say_what_they_do_and_print_on_stdout_what_they_printed(
    responses: Path,
) -> None:
    said = {}
    out, said["synth"] = run(
        "synth", "--problems", "arith", "--n", 150, "--arms", "sbs,hc", "--out", responses
    )
    assert out == f"sbs: {responses / 'sbs'}\nhc: {responses / 'hc'}\n"
    _, said["from"] = run("synth", "--from", responses / "one.jsonl", "--out", responses / "t")
    _, said["analyze"] = run("analyze", responses / "two.jsonl")
    for name in ("one", "two"):
        _, said["import"] = run(
            "import", responses / f"{name}.jsonl", "--model", "m", "--arm", name, "--task", "t",
            "--out", responses / "runs" / name,
        )  # fmt: skip
    runs = [responses / "runs" / name for name in ("one", "two")]
    out, said["compare"] = run("compare", *runs, "--margin", "0.05")
    assert "passed" not in out
    _, said["leaderboard"] = run("leaderboard", *runs, "--out", responses / "board")
    for name, words in {
        "synth": ["rendering 2 arms: ", " of 150 problems"],
        "from": ["reading responses: ", " of 120 rows"],
        "analyze": ["reading responses: ", " of 120 rows"],
        "import": ["grading m, t: ", " of 120 responses"],
        "compare": ["comparing style: 0 of 1 sets of scores"],
        "leaderboard": ["reading traces: "],
    }.items():
        assert all(word in said[name] for word in words), (name, said[name][-2000:])
        assert all(line.startswith("stylerep: ") for line in said[name].splitlines()), said[name]
