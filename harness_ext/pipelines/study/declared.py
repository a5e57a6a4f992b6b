"""The schema of a study file, key by key."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue

from harness_ext.backends.style_hf.control_settings import NAMES
from synth.schema import Line, Schema, Whole

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_BATCH = re.compile(r"auto(:[1-9][0-9]{0,5})?")


def _label(text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise ValueError("a name for files of up to 100 letters, digits, dots and dashes")
    return text


def _batch(text: str) -> str:
    if not _BATCH.fullmatch(text):
        raise ValueError("auto")
    return text


def _control(name: str) -> str:
    if name.startswith("steer"):
        raise ValueError(
            "another control: a direction is fitted to a trained model (stylerep steer fit), so that a study"
            " cannot name its file"
        )
    if name not in NAMES:
        raise ValueError(f"one of {', '.join(one for one in NAMES if not one.startswith('steer'))}")
    return name


Count = Annotated[int, Field(ge=1, lt=2**63)]
Number = Whole | float
Option = Line | bool | Whole | float
"""The value of an option of a command, as YAML writes it: true stands for an option without a value."""
Options = dict[Line, Option]


class Evaluate(Schema):
    """Options of ``stylerep eval``, by their names; ``max_gen_toks`` and ``temperature`` go to lm_eval's
    ``--gen_kwargs``, and ``stop: settled`` ends each run once the claims about it, or its comparison with
    ``base``, are settled.
    """

    tasks: Line | Annotated[list[Line], Field(min_length=1)] = Field(default=[])
    limit: Count | Annotated[float, Field(gt=0, lt=1)] = Field(default=1)
    max_gen_toks: Count = 1
    batch_size: Count | Annotated[str, AfterValidator(_batch)] = Field(default=1, alias="batch-size")
    model: Line = "hf"
    metadata: dict[Line, JsonValue] = Field(default={})
    stop: Literal["settled"] = "settled"
    repeats: Annotated[int, Field(ge=1, le=10_000)] = 1
    temperature: Annotated[float, Field(gt=0, le=100)] = 1.0


class ModelEntry(Schema):
    """A model with a name, and what differs for it from the study's settings."""

    name: Line
    label: Annotated[Line, AfterValidator(_label)] | Whole | None = Field(default=None, alias="as")
    train: Options | None = None
    evaluate: Evaluate | None = None
    gpus: Annotated[int, Field(ge=0, le=1024)] | None = None


class StudyFile(Schema):
    """A study file."""

    name: Line
    problems: Line
    n: Count
    arms: Annotated[list[Line], Field(min_length=1)]
    models: Annotated[list[Line | ModelEntry], Field(min_length=1)]
    seeds: Annotated[list[Whole], Field(min_length=1)]
    train: Options
    evaluate: Evaluate
    margin: Annotated[float, Field(gt=0, lt=1)]
    style: dict[Line, Number] = Field(default={})
    teach: Options = Field(default={})
    own: Options | None = Field(default=None, alias="self")
    claims: list[Any] = Field(default=[])
    between_seeds: Literal["each", "pooled"] = "each"
    learnability: Options | None = None
    probes: Options | None = None
    data_seed: Whole = 0
    controls: list[
        Annotated[dict[Annotated[str, AfterValidator(_control)], Option | list[Line]], Field(min_length=1)]
    ] = Field(default=[])


def said(part: Schema | None) -> dict[str, Any]:
    """Return what a part of a file says, by the names that it has there, and nothing that it leaves out."""
    return part.model_dump(by_alias=True, exclude_unset=True) if part else {}
