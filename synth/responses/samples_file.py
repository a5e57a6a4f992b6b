"""The name of a samples file, as ``lm_eval --log_samples`` gives it."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from synth.errors import StylerepError

LEFT_OUT = "responses_left_out"
"""The field of a row whose documents, prompts and responses were left out: digests of the document and the
right answer, each 16 hexadecimal digits or None.
"""

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


def refuse_left_out(row: Mapping[str, Any], where: object) -> None:
    """Raise StylerepError for a row of a run that holds what was found and not what was written."""
    if LEFT_OUT in row:
        raise left_out(where)


def left_out(where: object) -> StylerepError:
    """Return what is told of a run, or a row of it, of which more is asked for than what was found."""
    return StylerepError(
        f"{where}: this run was taken from an outcomes file, which holds scores and neither documents nor"
        " responses; read them where the run was made, or evaluate again."
    )
