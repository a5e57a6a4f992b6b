"""Documents of the tasks, called by lm-eval with a task's metadata and all model arguments.

A document holds what identifies the item and nothing that differs between runs, since runs are
paired by the hash of their documents.
"""

import itertools
from collections.abc import Iterable
from typing import Any

import datasets

from synth.problems import Problem, arith, prompt, read_gsm8k
from synth.problems.local_files import benchmark_file


def arith_documents(n: int = 2000, **_: Any) -> dict[str, datasets.Dataset]:
    """Return the first *n* items of the test split of `arith`, seed 0."""
    return _test_split(itertools.islice(arith("test"), n))


def gsm8k_documents(data_dir: str | None = None, **_: Any) -> dict[str, datasets.Dataset]:
    """Return the 1,319 test problems of GSM8K.

    From ``gsm8k_test.jsonl`` in *data_dir* (``--metadata data_dir=…``), in the folder that
    ``STYLEREP_DATA`` names, or in ``shared/data/benchmarks`` beside a checkout; else from the Hub.
    """
    return _test_split(read_gsm8k("test", benchmark_file("gsm8k_test.jsonl", data_dir)))


def _test_split(problems: Iterable[Problem]) -> dict[str, datasets.Dataset]:
    rows = [{"id": p.id, "prompt": prompt(p.question), "answer": p.answer, "steps": len(p.steps)} for p in problems]
    return {"test": datasets.Dataset.from_list(rows)}
