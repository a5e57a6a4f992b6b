"""Two of each command at one output at a time, begun at random moments: nothing is lost,
nothing is mixed, and the loser says why.

    python -m benchmarks.two_at_once                              # 50 rounds of every command (half an hour
    on 2 cores) python -m benchmarks.two_at_once --rounds 5 import synth      # of some

The commands are forked from this process, which has imported what they need, so that they meet each other
rather than each other's start.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.conftest import make_tiny_model
from tests.harness_ext.pipelines.study.files import write_study

_LONGEST = 600
Ended = Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two commands at one output: their words, what is checked of it, given how each ended (code, last line
    of its errors), and the longest head start.
    """

    words: tuple[Sequence[object], Sequence[object]]
    check: Callable[[Ended], None]
    delay: float = 0.3
    both: bool = False
    """Whether both must succeed, one after the other."""


def main() -> None:
    """Run the rounds and print a table; exit with 1 if anything was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commands", nargs="*", help=", ".join(PAIRS))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if unknown := set(given.commands) - set(PAIRS):
        parser.error(f"there is no command {', '.join(unknown)}")
    failures = 0
    with tempfile.TemporaryDirectory() as scratch:
        shared = Path(scratch) / "shared"
        _prepare(shared)
        print(
            f"{'command':<18} {'rounds':>6} {'both done':>9} {'one told':>9} {'lost':>5}  what losers said"
            " (first words)"
        )
        for name in given.commands or PAIRS:
            rng, counts, said = random.Random(f"{name} {given.seed}"), Counter[str](), Counter[str]()
            for number in range(given.rounds if name not in RARE else max(1, given.rounds // RARE[name])):
                folder = Path(scratch) / name / str(number)
                folder.mkdir(parents=True)
                pair = PAIRS[name](folder, shared)
                ended = _race(pair, folder, rng)
                try:
                    _check(pair, ended, folder)
                except AssertionError as error:
                    counts["lost"] += 1
                    print(f"{name}, round {number}: {error}; {ended}", file=sys.stderr)
                counts["told" if any(code for code, _ in ended) else "both"] += 1
                said.update(
                    text.removeprefix("stylerep: ").replace(str(folder), "")[:60]
                    for code, text in ended
                    if code
                )
            failures += counts["lost"]
            told = "; ".join(f"{count} × {text!r}" for text, count in said.most_common(2))
            print(
                f"{name:<18} {counts['both'] + counts['told']:>6} {counts['both']:>9} {counts['told']:>9}"
                f" {counts['lost']:>5}  {told}",
                flush=True,
            )
    sys.exit(failures > 0)


def _race(pair: Pair, folder: Path, rng: random.Random) -> Ended:
    children = [
        _start(words, rng.uniform(0, pair.delay), folder / f"stderr-{number}")
        for number, words in enumerate(pair.words)
    ]
    ends = []
    for number, child in enumerate(children):
        signal.alarm(_LONGEST)
        _, status = os.waitpid(child, 0)
        signal.alarm(0)
        lines = (
            (folder / f"stderr-{number}").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        )
        (folder / f"stderr-{number}").unlink()
        ends.append((os.waitstatus_to_exitcode(status), lines[-1] if lines else ""))
    return ends


def _start(words: Sequence[object], delay: float, errors: Path) -> int:
    if child := os.fork():
        return child
    code = 1
    try:
        with errors.open("wb") as file, open(os.devnull, "wb") as nowhere:
            os.dup2(file.fileno(), 2)
            os.dup2(nowhere.fileno(), 1)
        time.sleep(delay)
        sys.argv = ["stylerep", *map(str, words)]
        from harness_ext.__main__ import main as command

        command()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(code)


def _check(pair: Pair, ended: Ended, folder: Path) -> None:
    codes = [code for code, _ in ended]
    assert set(codes) <= {0, 2}, "a command failed"
    assert 0 in codes, "neither command was done"
    assert not pair.both or codes == [0, 0], "one of two that belong together was refused"
    for code, text in ended:
        assert not code or (text.startswith("stylerep: ") and text.endswith(".")), "the loser said nothing"
    left = [
        str(path.relative_to(folder))
        for path in folder.rglob(".*")
        if path.name != ".cells" and ".cells" not in path.parts
    ]
    assert not left, f"{left} was left"
    pair.check(ended)


def _prepare(shared: Path) -> None:
    """Make what all rounds read: rows to import, a data set, a tiny model; import what commands need,
    without computing anything.
    """
    from synth.traces.synthesis import synth

    shared.mkdir(parents=True)
    for task in ("one", "two"):
        rows = [
            {
                "question": f"{i}+1?",
                "answer": str(i + 1),
                "response": f"<think>Wait. So.</think>It is {i + 1}.",
                "correct": 1,
            }
            for i in range(50)
        ]
        (shared / f"{task}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
        )
    synth("arith:train", ["hc"], shared, n=16, dials={"trace_words": 20})
    if not (child := os.fork()):  # threads that torch has once started do not live on in a fork
        make_tiny_model(shared / "model")
        os._exit(0)
    os.waitpid(child, 0)
    for arm, add in (("base", 0), ("hc", 1)):
        _run_folder(shared / "runs" / arm, arm, add)
    import distill.training.train  # noqa: F401
    import harness_ext.backends.lm_eval.evaluation
    import harness_ext.importing
    import harness_ext.pages.analyze.html_page
    import harness_ext.pages.leaderboard.page
    import harness_ext.pipelines.teach  # noqa: F401


def _run_folder(folder: Path, arm: str, add: int) -> None:
    folder.mkdir(parents=True)
    rows = [
        {
            "doc_id": i,
            "doc_hash": f"{i:064x}",
            "doc": {"question": f"{i}?"},
            "target": "1",
            "filter": "none",
            "resps": [["1"]],
            "acc": (i + add) % 2,
        }
        for i in range(100)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "samples_style_arith_2026-01-01T00-00-00.000000.jsonl").write_text(text, encoding="utf-8")
    manifest = {
        "model": "hf",
        "base_model": "org/m",
        "family": "f",
        "arm": arm,
        "seed": 0,
        "gen_kwargs": None,
        "chat_template": True,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _winners(ended: Ended) -> list[int]:
    return [number for number, (code, _) in enumerate(ended) if code == 0]


def _import_tasks(folder: Path, shared: Path) -> Pair:
    def check(_: Ended) -> None:
        assert set(_json(folder / "run/manifest.json")["imported"]["tasks"]) == {
            "one",
            "two",
        }, "a task was lost"
        assert len(list((folder / "run").glob("samples_*"))) == 2, "a task's responses were lost"

    def words(task: str) -> list[object]:
        return ["import", shared / f"{task}.jsonl", "--model", "m", "--task", task, "--out", folder / "run"]

    return Pair((words("one"), words("two")), check, both=True)


def _import_models(folder: Path, shared: Path) -> Pair:
    def check(ended: Ended) -> None:
        assert len(_winners(ended)) == 1, "two models were put into one run"
        manifest = _json(folder / "run/manifest.json")
        assert [manifest["model_name"], *manifest["imported"]["tasks"]] == [
            "mn"[_winners(ended)[0]],
            "one",
        ], "not the winner's run"

    def words(model: str) -> list[object]:
        return ["import", shared / "one.jsonl", "--model", model, "--task", "one", "--out", folder / "run"]

    return Pair((words("m"), words("n")), check)


def _boards(folder: Path, shared: Path) -> Pair:
    def check(_: Ended) -> None:
        text = (folder / "board/board.json").read_text(encoding="utf-8")
        assert len(list((folder / "board/runs").glob("*/run.json"))) == 2, "a run was lost"
        assert all(path.parent.name in text for path in (folder / "board/runs").glob("*/run.json")), (
            "a run is not on the pages"
        )

    return Pair(
        (
            ["leaderboard", shared / "runs/base", "-o", folder / "board"],
            ["leaderboard", shared / "runs/hc", "-o", folder / "board"],
        ),
        check,
        both=True,
    )


def _synth(folder: Path, shared: Path) -> Pair:
    def check(ended: Ended) -> None:
        sizes = {(20, 30)[number] for number in _winners(ended)}
        for arm in ("nt", "hc"):
            rows, n = (
                pq.read_table(folder / f"data/{arm}/train.parquet").num_rows,
                _json(folder / f"data/{arm}/manifest.json")["n"],
            )
            assert rows == n, "rows of one and the manifest of another"
            assert n in sizes, "the loser's rows"
        assert len({_json(folder / f"data/{arm}/manifest.json")["n"] for arm in ("nt", "hc")}) == 1, (
            "arms of two commands"
        )

    def words(n: int) -> list[object]:
        return [
            "synth",
            "--problems",
            "arith:train",
            "--arms",
            "nt,hc",
            "--n",
            n,
            "--no-decontaminate",
            "--out",
            folder / "data",
        ]

    return Pair((words(20), words(30)), check)


def _analyze(folder: Path, shared: Path) -> Pair:
    def check(ended: Ended) -> None:
        assert _json(folder / "scores.json"), "half a file"

    words = ["analyze", shared / "one.jsonl", "--json", folder / "scores.json"]
    return Pair((words, words), check, both=True)


def _eval_arms(folder: Path, shared: Path) -> Pair:
    def check(ended: Ended) -> None:
        assert len(_winners(ended)) == 1, "two arms were put into one run"
        assert _json(folder / "run/manifest.json")["arm"] == "ab"[_winners(ended)[0]], "the loser's manifest"
        (samples,) = (folder / "run").rglob("samples_*")
        assert len(samples.read_bytes().splitlines()) == 4, "responses were lost or mixed"

    def words(arm: str) -> list[object]:
        return [
            "eval",
            "--model",
            "dummy",
            "--tasks",
            "style_arith",
            "--limit",
            4,
            "--arm",
            arm,
            "--output_path",
            folder / "run",
        ]

    return Pair((words("a"), words("b")), check, delay=3)


def _teach(folder: Path, shared: Path) -> Pair:
    def check(ended: Ended) -> None:
        assert _json(folder / "st/manifest.json")["seed"] in _winners(ended), "the loser's traces"

    def words(seed: int) -> list[object]:
        given = [
            "--n",
            4,
            "--keep",
            "all",
            "--samples",
            1,
            "--max-tokens",
            8,
            "--seed",
            seed,
            "--no-decontaminate",
        ]
        return [
            "teach",
            "--model",
            "hf",
            "--model_args",
            f"pretrained={shared / 'model'}",
            "--problems",
            "arith:train",
            *given,
            "--out",
            folder / "st",
        ]

    return Pair((words(0), words(1)), check, delay=2)


def _distill(folder: Path, shared: Path) -> Pair:
    def check(ended: Ended) -> None:
        assert _json(folder / "adapter/manifest.json")["seed"] in _winners(ended), "the loser's adapter"

    def words(seed: int) -> list[object]:
        return [
            "distill",
            "--model",
            shared / "model",
            "--data",
            shared / "hc",
            "--epochs",
            1,
            "--seed",
            seed,
            "--out",
            folder / "adapter",
        ]

    return Pair((words(0), words(1)), check, delay=2)


def _reproduce(folder: Path, shared: Path) -> Pair:
    def check(ended: Ended) -> None:
        (winner,) = _winners(ended)
        assert f"# {('one', 'two')[winner]}" in (folder / "study/report.md").read_text(encoding="utf-8"), (
            "the loser's report"
        )

    studies = [
        write_study(folder / name, shared / "model", name=name, arms=["nt"], claims=[])
        for name in ("one", "two")
    ]
    first, second = (["reproduce", study, "--out", folder / "study"] for study in studies)
    return Pair((first, second), check, delay=10)


PAIRS: dict[str, Callable[[Path, Path], Pair]] = {
    "import": _import_tasks,
    "import-models": _import_models,
    "leaderboard": _boards,
    "synth": _synth,
    "analyze": _analyze,
    "eval": _eval_arms,
    "teach": _teach,
    "distill": _distill,
    "reproduce": _reproduce,
}
RARE = {"reproduce": 25}
"""Commands that take minutes, by how many times fewer rounds they get."""

if __name__ == "__main__":
    main()
