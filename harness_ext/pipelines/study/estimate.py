"""Estimates how long cells will take: from like cells that have ended, else from their arithmetic and this
machine's speed.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from harness_ext.backends.lm_eval.names import STYLE_HF
from harness_ext.pipelines.study.cells import Cell, parameters
from harness_ext.pipelines.study.file import Study
from harness_ext.pipelines.study.worker import read_record

# Measured with the studies demo and decoding on 2 cores: the part of the machine's rate of matrix products
# that training and writing (with hf, with style-hf) reach, and seconds to start a cell.
_TRAINING, _WRITING, _WRITING_ROWS, _START = 0.4, 0.05, 0.2, 15.0
_READING = 0.3
_GPU_RATE = 3e14
_PROMPT, _TRACE = 120, 150
"""Tokens of a prompt and of a trace, where nothing says how many."""


class TimeEstimate:
    """How many seconds cells take: by their arithmetic, corrected by the cells that have been seen to end."""

    def __init__(self, study: Study, cells: Sequence[Cell], folder: Path, rate: float | None = None) -> None:
        """Take the cells of a study; those on record in *folder* have been seen. The *rate* of the machine
        (operations a second) is measured if left out.
        """
        self._rate = rate
        self._study = study
        self._cells = {cell.name: cell for cell in cells}
        self._guesses: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        for cell in cells:
            if seconds := read_record(folder, cell).get("seconds"):
                self._seen[cell.name] = float(seconds)

    def see(self, name: str, seconds: float) -> None:
        """Note how long a cell has taken."""
        self._seen[name] = seconds

    def seconds(self, name: str) -> float:
        """Return the expected seconds of a cell.

        That is the median of the cells seen of the same kind, model and arm. Where there are none, it's what
        the arithmetic says, times how the cells seen of the same kind and model, or else of the same kind,
        compare with theirs; by arithmetic alone it may be off by a factor of three.
        """
        cell = self._cells[name]
        if name in self._seen:
            return self._seen[name]
        of_kind = [one for one in self._seen if self._cells[one].kind == cell.kind]
        of_model = [one for one in of_kind if self._cells[one].label == cell.label]
        if of_arm := [one for one in of_model if self._cells[one].arm == cell.arm]:
            return statistics.median(self._seen[one] for one in of_arm)
        like = of_model or of_kind
        if not like:
            return self._guess(name)
        taken, guessed = sum(self._seen[one] for one in like), sum(map(self._guess, like))
        return self._guess(name) * taken / guessed

    def _guess(self, name: str) -> float:
        if name not in self._guesses:
            self._guesses[name] = _by_arithmetic(self._study, self._cells[name], self._rate)
        return self._guesses[name]


def _by_arithmetic(study: Study, cell: Cell, rate: float | None) -> float:
    model = next((one for one in study.models if one.label == cell.label), None)
    if cell.kind in ("data", "model") or model is None:
        return 5 + study.n * len(study.taught) / 500 if cell.kind == "data" else 60.0
    size = parameters(model.name) or 135e6
    words = float(study.style.get("trace_words", _TRACE / 1.4))
    trace = 10 if cell.arm.partition("+")[0] in ("base", "nt") else 1.4 * words
    if cell.kind == "distill":
        train: Mapping[str, object] = {**study.train, **model.train}
        tokens = study.n * (_PROMPT + trace) * float(str(train.get("epochs", 1)))
        return _START + 6 * size * tokens / (_TRAINING * _of_machine(cell, rate))
    if cell.kind == "sample":
        own = study.own or {}
        written = int(own.get("samples", 4)) * float(own.get("max-tokens", 2048)) / 2
        speed = _WRITING_ROWS if own.get("model") == STYLE_HF else _WRITING
        return _START + 2 * size * study.n * (_PROMPT / _TRAINING + written / speed) / _of_machine(cell, rate)
    if cell.kind == "learnability":
        rows = float((study.learnability or {}).get("n", study.n)) * len(study.taught)
        return _START + 2 * size * rows * (_PROMPT + trace) / (_READING * _of_machine(cell, rate))
    given = {**study.evaluate, **model.evaluate}
    items = float(given.get("limit", 2000))
    if cell.kind == "probe":
        items = float((study.probes or {}).get("n", items)) * len(study.arms)
        # a sentence has about 12 tokens, and four variants that are read from it on
        read = _PROMPT + trace * (trace / 12 * 4) / 2
        return _START + 2 * size * items * read / (_READING * _of_machine(cell, rate))
    tasks = 1 if isinstance(given["tasks"], str) else len(given["tasks"])
    longest = float(given.get("max_gen_toks", 1024))
    writing = _WRITING_ROWS if given.get("model") == STYLE_HF else _WRITING
    draws = int(given.get("repeats", 1))  # of which the prompt is read once
    return _START + 2 * size * items * tasks * (
        _PROMPT / _TRAINING + draws * (trace + longest) / 2 / writing
    ) / _of_machine(cell, rate)


def _of_machine(cell: Cell, rate: float | None) -> float:
    """Return operations a second: those of GPUs, where a cell has some, as an A100 makes them."""
    return cell.gpus * _GPU_RATE if cell.gpus else rate or matrix_rate()


@cache
def matrix_rate() -> float:
    """Measure the rate of matrix products on this machine, in operations a second, in the precision that
    training takes; about half a second.
    """
    import torch

    from distill.models.precision import fast_dtype

    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = fast_dtype()
    one = torch.randn(1024, 1024, device=device).to(dtype)
    one @ one
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < 0.3:
        result = one @ one
        count += 1
    result.sum().item()
    return 2 * 1024**3 * count / (time.perf_counter() - began)
