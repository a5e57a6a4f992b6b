"""The record that every format is read into: one model's responses to one item, as another harness logged
them.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from synth.errors import StylerepError
from synth.privacy.secrets import SECRETS
from synth.processes.workers import Workers
from synth.responses import RIGHT_WORDS, WRONG_WORDS, Fields
from synth.schema import shown

_SURROGATES = re.compile("[\ud800-\udfff]")
_UNKNOWN = ("", "na", "n/a", "nan", "null", "none")
_WORDS = {
    **dict.fromkeys(RIGHT_WORDS, 1.0),
    **dict.fromkeys(WRONG_WORDS, 0.0),
    "c": 1.0,
    "i": 0.0,
    "p": 0.5,
    "n": 0.0,
}


@dataclass(frozen=True, slots=True)
class Record:
    """One item that a model answered.

    `texts` are its responses, none where only likelihoods were recorded, and `recorded` the score, 0 to 1,
    that came with each: as many as there are responses, one where there is none. `question` is the problem
    alone and `prompt` all that the model was given; either is empty where it is not known. `golds` are the
    right answers, any of which is right. `document` is that of lm_eval, with its hash. `encrypted` says that
    a trace could not be read, or only its summary.
    """

    where: str
    texts: tuple[str, ...]
    recorded: tuple[float | None, ...]
    question: str = ""
    prompt: str = ""
    golds: tuple[str, ...] = ()
    item: str = ""
    options: tuple[str, ...] = ()
    document: Mapping[str, Any] | None = None
    document_hash: str = ""
    document_number: int | None = None
    target: str | None = None
    encrypted: bool = False

    def __reduce__(self) -> tuple[type["Record"], tuple[Any, ...]]:
        """Be pickled by values alone, in a quarter of the time that a dataclass with slots takes by
        itself.
        """
        return Record, tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a source holds of one model on one task.

    `said` tells that the source itself names the model, `named` that it names the task; else folder and file
    do. `date` is as lm_eval writes one into file names.
    `gen_kwargs` and `version` are None where the source does not say.
    """

    model: str
    task: str
    records: Sequence[Record]
    files: tuple[Path, ...]
    date: str
    harness: str = "imported"
    said: bool = False
    named: bool = False
    version: Any = None
    gen_kwargs: Mapping[str, Any] | None = None
    filter: str = "none"
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadSource:
    """How to read: names of fields (None: found by their usual names), the field of an item's id, the filter
    of lm_eval whose scores count, and who reads.
    """

    fields: Fields = field(default_factory=Fields)
    item: str | None = None
    filter: str | None = None
    workers: Workers = field(default_factory=Workers)


def clean(text: str) -> str:
    """Return a text that can be written as UTF-8: halves of surrogates become a mark."""
    return _SURROGATES.sub("\ufffd", text)


def score_of(value: Any, where: str) -> float | None:
    """Read a score as 0 to 1, None where there is none; letters are those of inspect_ai.
    Raises StylerepError for anything else.
    """
    plain = value.strip().lower() if isinstance(value, str) else value
    if plain is None or plain in _UNKNOWN or (isinstance(plain, float) and math.isnan(plain)):
        return None
    try:
        number = _WORDS[plain] if isinstance(plain, str) and plain in _WORDS else float(plain)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= 1:
        raise StylerepError(
            f"{where}: a score must be 0 to 1, true or false, found {shown(value)}; name the right one with"
            " --score-field."
        )
    return number


def plain_version(value: Any) -> Any:
    """Return the version of a task that a file says, None for what is no number or text."""
    return (
        value if isinstance(value, (str, float)) or (isinstance(value, int) and abs(value) < 2**63) else None
    )


def public_name(name: str) -> str:
    """Return the name of a model without the folders of the machine that it lay on,
    and without secrets of an address.
    """
    path = str(SECRETS.settings(name)).replace("\\", "/").rstrip("/")
    local = path.startswith(("/", "~", "./", "../")) or re.match(r"[A-Za-z]:/", path)
    return clean(path.rpartition("/")[2] if local else path)


def file_date(path: Path) -> str:
    """Return when a file was last changed, as lm_eval writes dates into file names."""
    return date_text(datetime.fromtimestamp(path.stat().st_mtime, UTC))


def date_text(moment: datetime) -> str:
    """Return a moment in the form that lm_eval writes into file names."""
    return moment.strftime("%Y-%m-%dT%H-%M-%S.%f")
