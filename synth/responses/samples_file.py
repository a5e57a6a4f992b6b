"""The name of a samples file, as ``lm_eval --log_samples`` gives it."""

import re
from typing import NamedTuple

# The fraction of a second is left out where it is zero.
_NAME = re.compile(r"samples_(?P<task>.+?)(?:_(?P<date>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d+)?))?\.jsonl")


class SamplesName(NamedTuple):
    """The task of a samples file and when it was written; the `date` is None where the name holds none."""

    task: str
    date: str | None


def samples_name(name: str) -> SamplesName | None:
    """Return what the name of a file says of samples; None for any other file."""
    found = _NAME.fullmatch(name)
    return SamplesName(found["task"], found["date"]) if found else None
