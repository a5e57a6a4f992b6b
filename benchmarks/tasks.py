"""What the tasks cost beside the model: time to start, to score, and to survive what hostile models write.

    python -m benchmarks.tasks startup                          # stylerep eval beside lm_eval --include_path,
    to the first request (3 minutes) python -m benchmarks.tasks scoring ../shared/data/traces    # all metrics
    of 1,350 real responses, against the time it takes to generate them python -m benchmarks.tasks scoring
    ../shared/data/traces --against ../older    # beside another checkout of stylerep, in turn python -m
    benchmarks.tasks hostile                          # 10,000 hostile responses through all metrics (minutes)

Without a part, all of them, `scoring` only where its data is named.
"""

import argparse
import itertools
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distill.models.pretrained import resolve_model
from harness_ext.scoring.documents import documents
from harness_ext.scoring.metrics import process_results
from harness_ext.scoring.scores import score
from harness_ext.scoring.task_folder import tasks_named, tasks_path
from synth.evaluation_sets import EVALUATION_SETS
from synth.responses import Response, read_responses
from tests.hostile import hostile_responses

ROUNDS, SCORINGS, TOKENS_PER_SECOND, HOSTILE = 5, 3, 5000, 10_000
COMPETITION = ("aime24", "amc23")
HERE = Path(__file__).resolve().parents[1]
# What a process of either checkout prints: seconds that all metrics take, its own processor time (reading the
# files included, math-verify not) and its peak of memory in MB; and MB/s of the full profile,
# in processor time.
_SCORE = """
import resource, sys, time
from benchmarks.tasks import score_all
began = time.process_time()
seconds = score_all(sys.argv[1])
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(seconds, time.process_time() - began, memory)
"""
_PROFILE = """
import time
from benchmarks.reading_style import LEXICON, responses
try:
    from synth.style import read_traces
except ImportError:  # an older checkout reads them one by one
    from synth.style import read_trace
    read_traces = lambda traces, lexicons, closed: [read_trace(trace, LEXICON) for trace in traces]
texts = [trace for _, trace, _ in responses()]
began = time.process_time()
read_traces(texts, [LEXICON] * len(texts), [True] * len(texts))
print(sum(len(text.encode()) for text in texts) / 1e6 / (time.process_time() - began))
"""
# Runs a command up to the first request that reaches the model, and says when that was.
_UP_TO_THE_MODEL = """
import os, runpy, sys, time
from lm_eval.api.registry import get_model
import lm_eval.models
def first(self, requests, **_):
    print("reached", time.time(), flush=True)
    os._exit(0)
get_model(sys.argv[1]).generate_until = first
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__")
"""


def startup() -> None:
    """Print the time from the start of the process to the first request, both ways in turn,
    on procedural tasks.

    The dummy model stands for a server: it costs nothing to open.
    A model of transformers has to be loaded in either way.
    """
    hf = ["hf", "--model_args", f"pretrained={resolve_model('smollm2-135m-instruct')}"]
    for model, tasks in (
        (["dummy"], "style_arith"),
        (["dummy"], ",".join(tasks_named(["stylebench_offline"]))),
        (hf, "style_arith"),
    ):
        options = ["--model", *model, "--tasks", tasks, "--limit", "20", "--output_path"]
        ways = {
            "stylerep eval": ["harness_ext", "eval"],
            "lm_eval --include_path": [
                "lm_eval",
                "run",
                "--include_path",
                str(tasks_path()),
                "--log_samples",
            ],
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        for _, (way, command) in itertools.product(range(ROUNDS), ways.items()):
            with tempfile.TemporaryDirectory() as folder:
                times[way].append(_seconds(model[0], [*command, *options, folder]))
        medians = {way: statistics.median(values) for way, values in times.items()}
        ratios = [
            theirs / ours
            for ours, theirs in zip(times["stylerep eval"], times["lm_eval --include_path"], strict=True)
        ]
        print(
            f"--model {model[0]} --tasks {tasks}: "
            + ", ".join(f"{way} {seconds:.2f} s" for way, seconds in medians.items()),
            end="; ",
        )
        print(
            f"ratio {statistics.median(ratios):.1f} (median of {ROUNDS} pairs, {min(ratios):.1f} to"
            f" {max(ratios):.1f})"
        )


def _seconds(model: str, command: list[str]) -> float:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    began = time.time()
    result = subprocess.run(
        [sys.executable, "-c", _UP_TO_THE_MODEL, model, *command],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=300,
    )
    reached = [line for line in result.stdout.splitlines() if line.startswith("reached ")]
    if not reached:
        sys.exit(f"{' '.join(command)} did not come to a request: {result.stderr[-2000:]}")
    return float(reached[0].split()[1]) - began


def scoring(data: Path, against: Path | None = None) -> None:
    """Print the time that all metrics of the real responses take as a share of the time it takes to generate
    them at 5,000 tokens/s.

    With *against*, the folder of another checkout, that one is measured in turn with this one.
    """
    from distill.models.loading import load_tokenizer

    tokenizer = load_tokenizer(resolve_model("smollm2-135m-instruct"))
    responses = list(_real_responses(data))
    tokens = sum(
        len(ids) for ids in tokenizer([one.text for one in responses], add_special_tokens=False)["input_ids"]
    )
    generating = tokens / TOKENS_PER_SECOND
    size = sum(len(one.text) for one in responses) / 1e6
    print(
        f"{len(responses)} responses, {size:.1f} MB, {tokens:,} tokens, {generating:.0f} s at"
        f" {TOKENS_PER_SECOND:,}/s"
    )
    checkouts = [HERE, *([against.resolve()] if against else [])]
    scored: dict[Path, list[list[float]]] = {checkout: [] for checkout in checkouts}
    for _, checkout in itertools.product(range(SCORINGS), checkouts):
        scored[checkout].append([*_printed(checkout, _SCORE, data), *_printed(checkout, _PROFILE, data)])
    for checkout, rounds in scored.items():
        seconds, processor, memory, rate = (statistics.median(values) for values in zip(*rounds, strict=True))
        shares = ", ".join(f"{100 * one[0] / generating:.2f}" for one in sorted(rounds))
        print(
            f"{checkout.name}: {seconds:.1f} s, {shares} % of that; {processor:.1f} s of its own processor"
            f" time; peak {memory:.0f} MB; ",
            end="",
        )
        print(f"full profile {rate:.1f} MB/s of processor time")
    if against:
        for name, column in (("time", 0), ("processor time", 1), ("memory", 2), ("MB/s", 3)):
            ratios = [theirs[column] / ours[column] for ours, theirs in zip(*scored.values(), strict=True)]
            print(
                f"{name}, {against.name} / {HERE.name}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to"
                f" {max(ratios):.2f})"
            )
    print(f"medians of {SCORINGS} processes each, in turn; each starts math-verify and remembers nothing")


def _printed(checkout: Path, program: str, data: Path) -> list[float]:
    """Return the numbers that a program prints when it runs in a process of its own with the modules of a
    checkout.
    """
    command = [sys.executable, "-c", program, str(data.resolve())]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=checkout, env=environment, timeout=600
    )
    if result.returncode:
        sys.exit(f"{checkout} could not be measured: {result.stderr[-2000:]}")
    return [float(number) for number in result.stdout.split()]


def score_all(data: str) -> float:
    """Return the seconds that all metrics of all responses take."""
    responses = list(_real_responses(Path(data)))
    score("Two is 2.", "2")  # load the lexicon
    began = time.perf_counter()
    for one in responses:
        score(one.text, one.answer or "", "number" if one.task in COMPETITION else "latex")
    return time.perf_counter() - began


def _real_responses(data: Path) -> Iterator[Response]:
    return read_responses([str(path) for path in sorted(data.glob("*/*.jsonl"))])


def hostile() -> None:
    """Print how long hostile responses take to be scored."""
    began = time.perf_counter()
    scored = list(score_hostile(HOSTILE))
    total, size = time.perf_counter() - began, sum(length for _, length, _ in scored) / 1e6
    print(
        f"{len(scored):,} hostile responses of {size:.0f} MB scored in {total:.0f} s, none raised; the"
        " slowest:"
    )
    for seconds, length, answer_type in sorted(scored, reverse=True)[:5]:
        print(f"  {seconds:.2f} s for {length:,} characters ({answer_type})")
    short = [seconds for seconds, length, _ in scored if length < 10_000]
    print(
        f"  under 10,000 characters: {len(short):,}, median {1000 * statistics.median(short):.1f} ms, slowest"
        f" {max(short):.2f} s"
    )


def score_hostile(n: int) -> Iterator[tuple[float, int, str]]:
    """Score *n* hostile responses, each as one of another task; yield the seconds it took,
    its characters and the task's answer type.
    """
    for response, document in zip(hostile_responses(n, seed=0), _targets(), strict=False):
        began = time.perf_counter()
        scores = process_results(document, [response])
        seconds = time.perf_counter() - began
        if not all(type(value) is float and not math.isnan(value) for value in scores.values()):
            raise AssertionError(f"no score: {scores} of {response[:200]!r}")
        yield seconds, len(response), document["answer_type"]


def _targets() -> Iterator[dict[str, Any]]:
    """Yield documents of every generated task, and of the answer types that only published ones have,
    without end.
    """
    found = [
        documents(evaluation_set=name, items=20)["test"]
        for name, one in EVALUATION_SETS.items()
        if one.levels
    ]
    latex = {**found[0][0], "answer": "\\frac{3}{4}", "answer_type": "latex", "meta": "{}"}
    option = {
        **found[0][0],
        "answer": "B",
        "answer_type": "option",
        "meta": '{"options": ["one", "two", "three", "four"]}',
    }
    for i in itertools.count():
        yield from (*(one[i % 20] for one in found), latex, option)


def main(arguments: list[str]) -> None:
    """Run the part that is named, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "named",
        nargs="*",
        metavar="PART or FOLDER",
        help=f"parts ({', '.join(PARTS)}) and the folder of real traces",
    )
    parser.add_argument(
        "--against",
        type=Path,
        metavar="CHECKOUT",
        help="another checkout, to be measured beside this one by scoring",
    )
    options = parser.parse_args(arguments)
    folders = [Path(name) for name in options.named if name not in PARTS]
    for name in [name for name in options.named if name in PARTS] or list(PARTS):
        print(f"# {name}")
        if name != "scoring":
            {"startup": startup, "hostile": hostile}[name]()
        elif folders:
            scoring(folders[0], options.against)
        else:
            print("left out: it needs the folder of real traces")


PARTS = ("startup", "scoring", "hostile")
if __name__ == "__main__":
    main(sys.argv[1:])
