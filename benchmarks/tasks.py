"""What the tasks cost beside the model: time to start, to score, and to survive what hostile models write.

    python -m benchmarks.tasks startup                          # stylerep eval beside lm_eval --include_path, to the first request (3 minutes)
    python -m benchmarks.tasks scoring ../shared/data/traces    # all metrics of 1,350 real responses, against the time it takes to generate them
    python -m benchmarks.tasks hostile                          # 10,000 hostile responses through all metrics (minutes)

Without a part, all of them, `scoring` only where its data is named.
"""

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

from harness_ext.documents import documents
from harness_ext.metrics import process_results, score
from harness_ext.task_folder import tasks_named, tasks_path
from synth.responses import read_responses
from tests.hostile import hostile_responses

ROUNDS, TOKENS_PER_SECOND, HOSTILE = 5, 5000, 10_000
COMPETITION = ("aime24", "amc23")
# Runs a command up to the first request that reaches the model, and says when that was.
_UP_TO_THE_MODEL = """
import os, runpy, sys, time
from lm_eval.models.dummy import DummyLM
def first(self, requests, **_):
    print("reached", time.time(), flush=True)
    os._exit(0)
DummyLM.generate_until = first
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__")
"""


def startup() -> None:
    """Print the time from the start of the process to the first request, both ways in turn, on procedural tasks."""
    for tasks in ("style_arith", ",".join(tasks_named(["stylebench_offline"]))):
        options = ["--model", "dummy", "--tasks", tasks, "--limit", "20", "--output_path"]
        ways = {"stylerep eval": ["harness_ext", "eval"], "lm_eval --include_path": ["lm_eval", "run", "--include_path", str(tasks_path()), "--log_samples"]}
        times: dict[str, list[float]] = {way: [] for way in ways}
        for _, (way, command) in itertools.product(range(ROUNDS), ways.items()):
            with tempfile.TemporaryDirectory() as folder:
                times[way].append(_seconds([*command, *options, folder]))
        medians = {way: statistics.median(values) for way, values in times.items()}
        ratios = [theirs / ours for ours, theirs in zip(times["stylerep eval"], times["lm_eval --include_path"], strict=True)]
        print(f"{tasks}: " + ", ".join(f"{way} {seconds:.2f} s" for way, seconds in medians.items()), end="; ")
        print(f"ratio {statistics.median(ratios):.1f} (median of {ROUNDS} pairs, {min(ratios):.1f} to {max(ratios):.1f})")


def _seconds(command: list[str]) -> float:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    began = time.time()
    result = subprocess.run([sys.executable, "-c", _UP_TO_THE_MODEL, *command], capture_output=True, text=True, check=False, env=environment, timeout=300)
    reached = [line for line in result.stdout.splitlines() if line.startswith("reached ")]
    if not reached:
        sys.exit(f"{' '.join(command)} did not come to a request: {result.stderr[-2000:]}")
    return float(reached[0].split()[1]) - began


def scoring(data: Path) -> None:
    """Print the time that all metrics of the real responses take as a share of the time it takes to generate them at 5,000 tokens/s."""
    from distill.loading import load_tokenizer
    from distill.pretrained import resolve_model

    tokenizer = load_tokenizer(resolve_model("smollm2-135m-instruct"))
    responses = list(read_responses([str(path) for path in sorted(data.glob("*/*.jsonl"))]))
    tokens = sum(len(ids) for ids in tokenizer([one.text for one in responses], add_special_tokens=False)["input_ids"])
    generating = tokens / TOKENS_PER_SECOND
    size = sum(len(one.text) for one in responses) / 1e6
    print(f"{len(responses)} responses, {size:.1f} MB, {tokens:,} tokens, {generating:.0f} s at {TOKENS_PER_SECOND:,}/s")
    score("Two is 2.", "2", "latex")  # load the lexicon
    times = []
    for _ in range(3):
        began = time.perf_counter()
        for one in responses:
            score(one.text, one.answer or "", "number" if one.task in COMPETITION else "latex")
        times.append(time.perf_counter() - began)
    first, again = times[0], statistics.median(times[1:])
    print(f"scored in {first:.1f} s, {100 * first / generating:.2f} % of that (math-verify starts, nothing remembered); again in {again:.1f} s")


def hostile() -> None:
    """Print how long hostile responses take to be scored, each by a task of every answer type in turn."""
    targets = _targets()
    slowest: list[tuple[float, int, str]] = []
    began = time.perf_counter()
    size = 0
    for response, document in zip(hostile_responses(HOSTILE, seed=0), targets, strict=False):
        start = time.perf_counter()
        scores = process_results(document, [response])
        slowest.append((time.perf_counter() - start, len(response), document["answer_type"]))
        size += len(response)
        if not all(type(value) is float and not math.isnan(value) for value in scores.values()):
            sys.exit(f"no score: {scores} of {response[:200]!r}")
    total = time.perf_counter() - began
    print(f"{len(slowest):,} hostile responses of {size / 1e6:.0f} MB scored in {total:.0f} s, none raised; the slowest:")
    for seconds, length, answer_type in sorted(slowest, reverse=True)[:5]:
        print(f"  {seconds:.2f} s for {length:,} characters ({answer_type})")
    short = [seconds for seconds, length, _ in slowest if length < 10_000]
    print(f"  under 10,000 characters: {len(short):,}, median {1000 * statistics.median(short):.1f} ms, slowest {max(short):.2f} s")


def _targets() -> Iterator[dict[str, Any]]:
    """Yield documents of every answer type without end."""
    sets = ("arith", "kg", "claims", "chain", "kinship", "countdown", "gym_chain_sum")
    found = [documents(evaluation_set=name, items=20)["test"] for name in sets]
    latex = {**found[0][0], "answer": "\\frac{3}{4}", "answer_type": "latex", "meta": "{}"}
    option = {**found[0][0], "answer": "B", "answer_type": "option", "meta": '{"options": ["one", "two", "three", "four"]}'}
    for i in itertools.count():
        yield from (*(one[i % 20] for one in found), latex, option)


def main(arguments: list[str]) -> None:
    """Run the part that is named, or all."""
    folders = [Path(argument) for argument in arguments if argument not in PARTS]
    for name in [argument for argument in arguments if argument in PARTS] or list(PARTS):
        print(f"# {name}")
        if name != "scoring":
            {"startup": startup, "hostile": hostile}[name]()
        elif folders:
            scoring(folders[0])
        else:
            print("left out: it needs the folder of real traces")


PARTS = ("startup", "scoring", "hostile")
if __name__ == "__main__":
    main(sys.argv[1:])
