"""What learnability costs beside training on the same rows, in one run.

A data set of templates' traces is trained on for one epoch of the recipe ``small``, and then read by the
same student, both in this process. Training is timed from its first step to its last, reading from rows to
numbers, with their encoding; neither counts the loading of the model. Times are processor time. Operations
are those that torch counts in matrix products and attention: a forward pass on the one side, forward and
backward on the other. Their quotient is the floor: what reading costs where every operation takes as long.

    python -m benchmarks.learnability [--model NAME] [--rows 24] [--arm hc] [--words 100]
"""

import argparse
import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MODEL = "smollm2-135m-instruct"


class _Watched:
    """Sums up the processor seconds, or the operations, of one part of a run."""

    def __init__(self, operations: bool) -> None:
        self.operations, self.value = operations, 0.0

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        if not self.operations:
            before = sum(os.times()[:2])
            yield
            self.value += sum(os.times()[:2]) - before
            return
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counter:
            yield
        self.value += counter.get_total_flops()


def training_cost(model: str, data: Path, folder: Path, operations: bool) -> float:
    """Return the seconds, or operations, of the steps of one epoch."""
    from distill.training import train
    from distill.training.recipe import load_recipe

    watched = _Watched(operations)

    class Trainer(train.StepTrainer):
        def train(self, *arguments: Any, **named: Any) -> Any:
            with watched.watching():
                return super().train(*arguments, **named)

    before, train.StepTrainer = train.StepTrainer, Trainer  # type: ignore[misc]
    try:
        train.distill(model, data, folder / "adapter", load_recipe("small", {"epochs": 1}))
    finally:
        train.StepTrainer = before  # type: ignore[misc]
    return watched.value


def reading_cost(model: str, rows: list[Any], operations: bool) -> tuple[float, int, int]:
    """Return the seconds, or operations, of reading rows, how many tokens they have, and how many were
    read.
    """
    from distill.learnability.measure import measure, student_row
    from distill.reading.reader import TreeReader
    from harness_ext.pipelines.student import load_named_model

    loaded = load_named_model(model, None)
    reader = TreeReader(loaded.model)

    def encoded() -> list[Any]:
        return [student_row(row, loaded.tokenizer, loaded.family, loaded.longest) for row in rows]

    list(measure(reader, encoded()[:1]))  # warm
    read, watched = reader.tokens_read, _Watched(operations)
    with watched.watching():
        own = encoded()
        list(measure(reader, own))
    return watched.value, sum(len(row.wanted.ids) for row in own), reader.tokens_read - read


def compared(model: str, n: int, arm: str, words: int) -> dict[str, float]:
    """Return what one epoch and one reading of so many rows cost, in seconds and in operations."""
    from synth.problems import iter_problems
    from synth.traces.datasets import read_dataset, write_dataset
    from synth.traces.rendering import render

    def both(folder: Path, count: int, operations: bool) -> tuple[float, tuple[float, int, int]]:
        problems = list(iter_problems("arith:train", count, 0))
        made = [row[arm] for row in render(problems, [arm], dials={"trace_words": words})]
        data = write_dataset(folder / f"data-{count}-{operations}", arm, made, {})
        train: Callable[..., float] = training_cost
        return train(model, data, folder, operations), reading_cost(
            model, list(read_dataset(data)[0]), operations
        )

    with tempfile.TemporaryDirectory() as name:
        trained, (seconds, tokens, read) = both(Path(name), n, False)
        trained_operations, (operations, _, _) = both(Path(name), min(n, 2), True)
    return {
        "tokens of rows": tokens,
        "tokens read": read,
        "ms a token of one epoch": 1e3 * trained / tokens,
        "ms a token of reading": 1e3 * seconds / tokens,
        "reading, % of one epoch": 100 * seconds / trained,
        "reading, % of small (2 epochs)": 50 * seconds / trained,
        "operations of reading, % of one epoch": 100 * operations / trained_operations,
    }


def main() -> None:
    """Print what was measured, a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--arm", default="hc")
    parser.add_argument("--words", type=int, default=100)
    given = parser.parse_args()
    for name, value in compared(given.model, given.rows, given.arm, given.words).items():
        print(f"{name}: {value:,.2f}", flush=True)


if __name__ == "__main__":
    main()
