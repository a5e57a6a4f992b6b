"""How long a large board takes, and how large its page is.

    python -m benchmarks.leaderboard [--runs 50] [--tasks 10] [--items 2000] [--traces 20] [--jobs N] [--keep
    FOLDER]

Makes run folders of as many models with as many tasks and items (responses from templates, accuracies from 30
to 80 %), then a board of all of them, then adds one model more. Of each task's responses so many are kept to
be read as `--traces` says, or all of them.
"""

import argparse
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.statistics.rows import origin
from harness_ext.pages.leaderboard import leaderboard
from harness_ext.scoring.scores import score
from synth.problems import Problem, iter_problems
from synth.traces.arms import parse_arms
from synth.traces.rendering import Rendering
from synth.traces.trace import final_sentence
from synth.traces.writing.phrasebook import load_phrasebook
from synth.traces.writing.target import style_target

_ARMS = ("sbs", "hc", "hc_w")
_TEXTS = 300


def responses() -> list[dict[str, Any]]:
    """Return problems with a response of each arm, and its scores."""
    rendering = Rendering(
        parse_arms(_ARMS), load_phrasebook("en"), style_target(dials={"trace_words": 120.0}), 0
    )
    made = []
    problems: list[Problem] = list(iter_problems("arith:train", _TEXTS, 0))
    for problem, rows in zip(problems, rendering.rows(problems), strict=True):
        texts = {
            arm: f"<think>\n{rows[arm].trace}\n</think>\n\n{final_sentence(rows[arm].stated_answer)}"
            for arm in _ARMS
        }
        scores = {arm: score(text, problem.answer) for arm, text in texts.items()}
        made.append(
            {"question": problem.question, "answer": problem.answer, "texts": texts, "scores": scores}
        )
    return made


def write_run(folder: Path, number: int, tasks: int, items: int, made: list[dict[str, Any]]) -> None:
    """Write the run folder of a made-up model, as ``stylerep eval`` would."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(number)
    arm = ("base", *_ARMS)[number % 4]
    accuracy = 0.3 + 0.5 * rng.random()
    for task in range(tasks):
        difficulty = np.random.default_rng(1000 + task).random(items)
        right = (difficulty + rng.uniform(-0.3, 0.3, items)) % 1 < accuracy
        lines = []
        for item in range(items):
            one = made[(item + 7 * task) % len(made)]  # the same documents in all runs
            kind = _ARMS[(number + item) % 2] if right[item] else "hc_w"
            doc = {
                "id": f"{task}-{item}",
                "prompt": f"{one['question']} ({task}, {item})",
                "answer": one["answer"],
            }
            lines.append(
                json.dumps(
                    {
                        "doc_id": item,
                        "doc": doc,
                        "target": one["answer"],
                        "resps": [[one["texts"][kind]]],
                        "filter": "none",
                        "arguments": {
                            "gen_args_0": {
                                "arg_0": doc["prompt"],
                                "arg_1": {"until": [], "do_sample": False, "max_gen_toks": 1024},
                            }
                        },
                        "doc_hash": hashlib.sha256(doc["id"].encode()).hexdigest(),
                        **one["scores"][kind],
                    }
                )
            )
        (folder / f"samples_style_made{task}_2026-01-01T00-00-00.0.jsonl").write_text(
            "\n".join(lines) + "\n", encoding="utf-8"
        )
    manifest = {
        "base_model": f"org/model-{number // 4}",
        "family": f"family{number // 4 % 5}",
        "arm": arm,
        "seed": 0 if arm != "base" else None,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def sizes(board: Path) -> Iterator[str]:
    """Yield the sizes of a board's parts, in MB."""
    for name, paths in {
        "index.html": [board / "index.html"],
        "traces.html": [board / "traces.html"],
        "questions": list((board / "items").rglob("*")),
        "responses and scores": list((board / "runs").rglob("*")),
    }.items():
        files = [path for path in paths if path.is_file()]
        yield f"{name} {sum(path.stat().st_size for path in files) / 1e6:.2f} MB" + (
            f" in {len(files):,} files" if len(files) > 1 else ""
        )


def main() -> None:
    """Make the runs and the board, and print times and sizes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("runs", 50), ("tasks", 10), ("items", 2000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--traces", default="20")
    parser.add_argument("--jobs", type=int, default=None)
    parser.add_argument("--keep", type=Path, help="leave runs and board in this new folder")
    given = parser.parse_args()
    scratch = given.keep or Path(tempfile.mkdtemp())
    try:
        began = time.perf_counter()
        made = responses()
        folders = [scratch / "runs" / str(number) for number in range(given.runs + 1)]
        for number, folder in enumerate(folders):
            write_run(folder, number, given.tasks, given.items, made)
        size = sum(path.stat().st_size for path in (scratch / "runs").rglob("*.jsonl"))
        print(
            f"{origin()}: {given.runs} runs of {given.tasks} tasks of {given.items:,} items ({size / 1e9:.2f}"
            f" GB), made in {time.perf_counter() - began:.0f} s"
        )
        traces = None if given.traces == "all" else int(given.traces)
        steps: dict[str, list[Path]] = {
            f"board, {given.traces} responses of each task": folders[:-1],
            "one run more": folders[-1:],
            "nothing new": [],
        }
        for what, taken in steps.items():
            start = time.perf_counter()
            leaderboard(
                taken, scratch / "board", traces=traces, all_traces=traces is None, workers=given.jobs
            )
            print(
                f"{what}: {time.perf_counter() - start:.1f} s; {', '.join(sizes(scratch / 'board'))}",
                flush=True,
            )
    finally:
        if not given.keep:
            shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
