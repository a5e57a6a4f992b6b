"""What it costs to watch many runs while they are written."""

import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.statistics.rows import origin, put
from harness_ext.compare.watching import Watching
from harness_ext.runs.item_order import in_order, order_digest
from harness_ext.runs.scores_file import ScoresFile
from harness_ext.stats import sequences

TASK, MARGIN = "style_arith", 0.05
TOKENS, A_SECOND = 200, 500
"""Tokens of a response, and how many of all runs together are generated in a second."""


def watch_speed(pairs: int, items: int, looks: int, seed: int, write: Path | None = None) -> float:
    """Watch so many runs beside a baseline while they grow to so many items, print what it costs, and return
    its share of the time that generation takes.
    """
    rng = np.random.default_rng(seed)
    right = (rng.random((pairs + 1, items)) < 0.6).astype(float)
    order = [item for _, item in in_order([(TASK, f"{number:064d}") for number in range(items)])]
    header = {
        "order_seed": 0,
        "order_sha256": order_digest([(TASK, item) for item in order]),
        "items": {TASK: items},
    }
    spent: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / str(number) for number in range(pairs + 1)]
        for folder in folders:
            folder.mkdir()
        files = [ScoresFile(folder, header) for folder in folders]
        watching = Watching(folders, MARGIN)
        bounds = np.linspace(0, items, looks + 1).astype(int)
        for start, end in pairwise(bounds):
            for file, values in zip(files, right, strict=True):
                for at in range(start, end):
                    file.add(TASK, "none", order[at], {"acc": values[at]})
            began = time.process_time()
            found = watching.look()
            spent.append(time.process_time() - began)
        for file in files:
            file.close()
    began = time.process_time()
    sequences(pairs, MARGIN, items).see(right[1:] - right[0])
    once = time.process_time() - began
    generation = (pairs + 1) * items * TOKENS / A_SECOND
    share = sum(spent) / generation
    lines = [
        "",
        f"`python -m benchmarks.statistics watch-speed --pairs {pairs} --items {items} --looks {looks}"
        f" --seed {seed}`, {origin()}, one thread.",
        "",
        f"{len(found)} pairs, {items:,} items: {looks} looks take {sum(spent):.2f} s of processor time, the"
        f" last {spent[-1]:.2f} s, reading the files with it; the verdicts alone, of all items at once,"
        f" {1000 * once:.0f} ms. {pairs + 1} runs of {items:,} responses of {TOKENS} tokens at {A_SECOND}"
        f" tokens a second take {generation:,.0f} s: watching costs {100 * share:.2f} % of that.",
        "",
    ]
    print("\n".join(lines), flush=True)
    if write:
        put(write, "watch-speed", lines)
    return share
