"""How the commands fare with much data: seconds and memory of an import, of many comparisons,
and of a large board with all of its traces.

    python -m benchmarks.scale import  [--rows 200000] [--shape rows] [--rounds 3] [--against CHECKOUT]
    python -m benchmarks.scale compare [--runs 20] [--tasks 10] [--items 2000] [--rounds 3] [--against
    CHECKOUT] python -m benchmarks.scale board   [--runs 50] [--tasks 10] [--items 2000] [--rounds 1]
    [--against CHECKOUT]

Each round runs the command itself in a process of its own, with the modules of this checkout and of the other
in turn, and says whether both wrote the same. Processor time is that of all its processes together: on two
idle cores a command takes at least half of it. Memory is the most that all processes of a command together
have held, looked at ten times a second: once as each counts it (RSS, in which what is shared counts in every
one of them), once with what is shared counted once (PSS).

The shapes of an import: `rows`, one JSONL of three tasks (numbers, letters, formulas) with traces of some 150
words; `draws`, four of its rows to an item; `lists`, the four in one row; `parquet`, the same as rows;
`lm_eval`, samples files as lm_eval writes them.
"""

import argparse
import hashlib
import itertools
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.leaderboard import responses, write_run
from benchmarks.statistics.rows import origin
from synth.problems import iter_problems
from synth.traces.arms import parse_arms
from synth.traces.rendering import Rendering
from synth.traces.trace import final_sentence
from synth.traces.writing.phrasebook import load_phrasebook
from synth.traces.writing.target import style_target

HERE = Path(__file__).resolve().parents[1]
SHAPES = ("rows", "draws", "lists", "parquet", "lm_eval")
_ARMS, _BATCH, _DRAWS = ("sbs", "hc", "hc_w"), 500, 4
_FORMULAS = (
    "\\frac{{{a}}}{{{b}}}",
    "{a}\\sqrt{{{b}}}",
    "{a}x^2 + {b}x - {c}",
    "\\left( {a}, {b} \\right)",
    "{a}\\pi",
    "[{a}, {b})",
    "2^{{{a}}}",
)
_WRITTEN = (
    "\\dfrac{{{a}}}{{{b}}}",
    "{a}\\sqrt {{{b}}}",
    "{a}x^2+{b}x-{c}",
    "({a},{b})",
    "{a} \\pi",
    "[{a},{b})",
    "2^{a}",
)


class Measured(NamedTuple):
    """What one command took: seconds by the clock and of processor time,
    and the most memory of all its processes, in MB.
    """

    seconds: float
    processor: float
    rss: float
    pss: float


def import_rows(n: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Yield rows as evaluation scripts write them: half with numbers for answers, a quarter with letters,
    a quarter with formulas.
    """
    rendering = Rendering(
        parse_arms(_ARMS), load_phrasebook("en"), style_target(dials={"trace_words": 190.0}), seed
    )
    rng = random.Random(seed)
    problems = iter_problems("arith:train", n, seed)
    number = 0
    while batch := list(itertools.islice(problems, _BATCH)):
        for problem, made in zip(batch, rendering.rows(batch), strict=True):
            right = rng.random() < 0.6
            row = made[rng.choice(_ARMS[:2]) if right else "hc_w"]
            kind = ("number", "number", "letter", "formula")[number % 4]
            question, gold, stated = problem.question, problem.answer, final_sentence(row.stated_answer)
            fields: dict[str, Any] = {}
            if kind == "letter":
                others = [
                    str(int(gold) + step) if gold.lstrip("-").isdigit() else f"{gold} or {step}"
                    for step in (1, 3, 10)
                ]
                options = sorted([gold, *others])
                letter = "ABCD"[options.index(gold)]
                fields = {"options": options}
                said = letter if right else "ABCD"[(options.index(gold) + 1) % 4]
                gold, stated = letter, f"The answer is ({said})."
            elif kind == "formula":
                which, (a, b, c) = (
                    rng.randrange(len(_FORMULAS)),
                    (
                        rng.randint(2, 30),
                        rng.randint(2, 30),
                        rng.randint(2, 30),
                    ),
                )
                gold = _FORMULAS[which].format(a=a, b=b, c=c)
                form = rng.choice((_FORMULAS, _WRITTEN))[which].format(a=a if right else a + 1, b=b, c=c)
                stated = f"Therefore, the final answer is $\\boxed{{{form}}}$."
            yield {
                "id": f"{kind}-{number}",
                "model": "org/made-7b",
                "task": f"made_{kind}",
                "question": f"{question} ({number})",
                **fields,
                "answer": gold,
                "response": f"<think>\n{row.trace}\n</think>\n\n{stated}",
                "correct": right,
            }
            number += 1


def write_import(shape: str, n: int, folder: Path) -> list[str]:
    """Write the files of an import of *n* rows into a folder and return the options that read them."""
    folder.mkdir(parents=True)
    path = folder / "responses.jsonl"
    rows: Iterator[dict[str, Any]] = import_rows(n)
    if shape == "draws":
        places = ((f"{i // (4 * _DRAWS)}-{i % 4}", row) for i, row in enumerate(rows))
        rows = (
            {**row, "question": f"Question {place} of {row['task']}", "id": f"{row['task']}-{place}"}
            for place, row in places
        )
        rows = _one_gold(rows)
    elif shape == "lists":
        rows = (
            {
                **row,
                "response": [
                    row["response"],
                    row["response"] + " ",
                    "\n" + row["response"],
                    row["response"] + "\n",
                ],
                "correct": [row["correct"]] * 4,
            }
            for row in rows
        )
    if shape == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        keys = ("id", "model", "task", "question", "options", "answer", "response", "correct")
        with pq.ParquetWriter(
            folder / "responses.parquet",
            pa.schema(
                [
                    (
                        key,
                        (
                            pa.list_(pa.string())
                            if key == "options"
                            else pa.bool_()
                            if key == "correct"
                            else pa.string()
                        ),
                    )
                    for key in keys
                ]
            ),
        ) as writer:
            for batch in iter(lambda: list(itertools.islice(rows, 5000)), []):
                writer.write_table(pa.Table.from_pylist(batch, schema=writer.schema))
        return [str(folder / "responses.parquet")]
    if shape == "lm_eval":
        return [str(one) for one in _samples(rows, folder)]
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return [str(path)]


def _one_gold(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give all responses to an item the right answer of the first."""
    golds: dict[str, dict[str, Any]] = {}
    for row in rows:
        first = golds.setdefault(row["id"], {key: row[key] for key in ("answer", "options") if key in row})
        yield {**row, **first}


def _samples(rows: Iterator[dict[str, Any]], folder: Path) -> list[Path]:
    """Write samples files as lm_eval does, and return them."""
    files: dict[str, Any] = {}
    for number, row in enumerate(rows):
        doc = {
            "question": row["question"],
            "answer": row["answer"],
            **({"options": row["options"]} if "options" in row else {}),
        }
        sample = {
            "doc_id": number // 4,
            "doc": doc,
            "target": row["answer"],
            "arguments": {"gen_args_0": {"arg_0": row["question"], "arg_1": {"until": []}}},
            "resps": [[row["response"]]],
            "filtered_resps": [row["response"]],
            "filter": "none",
            "metrics": ["exact_match"],
            "doc_hash": hashlib.sha256(json.dumps(doc).encode()).hexdigest(),
            "exact_match": float(row["correct"]),
        }
        path = folder / f"samples_{row['task']}_2026-01-01T00-00-00.000000.jsonl"
        if row["task"] not in files:
            files[row["task"]] = path.open("w", encoding="utf-8")
        files[row["task"]].write(json.dumps(sample) + "\n")
    for file in files.values():
        file.close()
    return sorted(folder.glob("samples_*.jsonl"))


def measure(command: list[str], checkout: Path, cwd: Path) -> Measured:
    """Run the command of a checkout, and return what it took."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "HF_HUB_OFFLINE": "1"}
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "harness_ext", *command],
            cwd=cwd,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        most = [0.0, 0.0]
        watcher = threading.Thread(target=_watch, args=(process, most), daemon=True)
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        code = process.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        said.seek(0)
        if code:
            sys.exit(f"{checkout}: {' '.join(command)} ended with {code}: {said.read().decode()[-3000:]}")
    return Measured(seconds, used.ru_utime + used.ru_stime, *most)


def _watch(process: "subprocess.Popen[bytes]", most: list[float]) -> None:
    while process.returncode is None:
        sizes = [_memory(pid) for pid in _below(process.pid)]
        for place in (0, 1):
            most[place] = max(most[place], sum(size[place] for size in sizes))
        time.sleep(0.1)


def _below(pid: int) -> list[int]:
    """Return a process and all that it started, and these."""
    found = [pid]
    for one in found:
        for path in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += [int(child) for child in path.read_text().split()]
            except OSError:
                continue
    return found


def _memory(pid: int) -> tuple[float, float]:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0, 0.0
    sizes = {line.split()[0]: int(line.split()[1]) / 1024 for line in text.splitlines()[1:]}
    return sizes.get("Rss:", 0.0), sizes.get("Pss:", 0.0)


def digest(folder: Path) -> str:
    """Return a digest of all files below a folder, or of one file, by their names and contents."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
        if path.is_file():
            found.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def side_by_side(command: list[str], out: str, checkouts: list[Path], scratch: Path, rounds: int) -> None:
    """Run a command, whose output lies at *out* below the scratch folder, with each checkout in turn,
    and print what it took.
    """
    taken: dict[Path, list[Measured]] = {checkout: [] for checkout in checkouts}
    digests: dict[Path, str] = {}
    for _, checkout in itertools.product(range(rounds), checkouts):
        target = scratch / out
        shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
        taken[checkout].append(measure(command, checkout, scratch))
        digests[checkout] = digest(target)
        print(f"  {checkout.name}: {_told(taken[checkout][-1])}", flush=True)
    for checkout, found in taken.items():
        print(
            f"{checkout.name}: {_told(Measured(*map(statistics.median, zip(*found, strict=True))))}, output"
            f" {digests[checkout]}"
        )
    if len(checkouts) > 1:
        for what, column in (("time", 0), ("processor time", 1), ("memory", 2)):
            ratios = [theirs[column] / ours[column] for ours, theirs in zip(*taken.values(), strict=True)]
            print(
                f"{what}, {checkouts[1].name} / {HERE.name}: {statistics.median(ratios):.2f}"
                f" ({min(ratios):.2f} to {max(ratios):.2f})"
            )
        print("both wrote the same" if len(set(digests.values())) == 1 else "what they wrote differs")
    print(f"medians of {rounds}, in turn; {origin()}")


def _told(one: Measured) -> str:
    return (
        f"{one.seconds:.1f} s, {one.processor:.1f} s of processor time, at most {one.rss:.0f} MB (RSS of all"
        f" processes; PSS {one.pss:.0f} MB)"
    )


def main(arguments: list[str]) -> None:
    """Run the part that is named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("import", "compare", "board"))
    for name, default in (("rows", 200_000), ("runs", None), ("tasks", 10), ("items", 2000), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--shape", choices=SHAPES, default="rows")
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        help="another checkout, to be measured in turn with this one",
    )
    parser.add_argument(
        "--keep", type=Path, help="make the inputs in this folder, use what lies there, and leave it"
    )
    given = parser.parse_args(arguments)
    checkouts = [HERE, *([given.against.resolve()] if given.against else [])]
    scratch = (given.keep or Path(tempfile.mkdtemp())).resolve()
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        if given.part == "import":
            inputs = scratch / f"{given.shape}-{given.rows}"
            files = (
                sorted(map(str, inputs.iterdir()))
                if inputs.is_dir()
                else write_import(given.shape, given.rows, inputs)
            )
            print(
                f"{given.rows:,} rows ({given.shape}),"
                f" {sum(os.path.getsize(path) for path in files) / 1e6:.0f} MB"
            )
            side_by_side(
                ["import", *files, "--out", "imported"], "imported", checkouts, scratch, given.rounds
            )
            return
        runs = given.runs or (20 if given.part == "compare" else 50)
        inputs = scratch / f"runs-{runs}-{given.tasks}-{given.items}"
        if not inputs.is_dir():
            made = responses()
            for number in range(runs):
                write_run(inputs / f"{number:02}", number, given.tasks, given.items, made)
        folders = [str(path) for path in sorted(inputs.iterdir())]
        if given.part == "compare":
            print(
                f"{runs} runs of {given.tasks} tasks of {given.items:,} items: {(runs - 1) * given.tasks}"
                " comparisons"
            )
            command = ["compare", *folders, "--baseline", folders[0], "--json", "verdicts.json"]
            side_by_side(command, "verdicts.json", checkouts, scratch, given.rounds)
        else:
            print(f"{runs} runs of {given.tasks} tasks of {given.items:,} items, all with their traces")
            side_by_side(
                ["leaderboard", *folders, "--out", "board", "--traces", "all"],
                "board",
                checkouts,
                scratch,
                given.rounds,
            )
    finally:
        if not given.keep:
            shutil.rmtree(scratch)


if __name__ == "__main__":
    main(sys.argv[1:])
