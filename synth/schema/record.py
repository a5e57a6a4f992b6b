"""Data checked against a declared type: the first thing that does not fit is told in one sentence."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from synth.errors import StylerepError
from synth.schema.shown import shown

T = TypeVar("T")
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""A whole number of 64 bits, which can be turned into a float or a text;
a plain ``int`` may have thousands of digits.
"""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _one_line(text: str) -> str:
    if not text.strip() or _CONTROL.search(text):
        raise ValueError("a text of one line without control characters")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
"""A text that is not empty, and that a terminal shows on one line as it is: a name, a path,
a word of a command.
"""
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True, hide_input_in_errors=True)


class Schema(BaseModel):
    """The base of records: exact types (no number for a text, no text for a number, True is no number),
    finite numbers, no unknown keys.

    A list becomes a tuple where ``Annotated[tuple[float, ...], Field(strict=False)]`` is declared. A record
    that others may add keys to declares ``model_config = ConfigDict(extra="ignore")``;
    the rest of the configuration stays as it is.
    """

    model_config = _STRICT

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict) and cls.model_config.get("extra") == "forbid":
            names = [field.alias or name for name, field in cls.model_fields.items()]
            for number, key in enumerate(data):
                # it is told by its number, since pydantic's errors can hold no lone surrogate
                if key not in names:
                    raise PydanticCustomError(
                        "unknown_key", "an unknown key", {"number": number, "names": ", ".join(names)}
                    )
        return data


def read_as(
    kind: type[T], data: object, where: object, lines: Mapping[tuple[str | int, ...], int] | None = None
) -> T:
    """Return data as a declared type: a `Schema`, or anything pydantic knows,
    such as ``dict[str, list[float]]``.

    Args:
        kind: the type, which also fixes bounds (``Annotated[float, Field(gt=0, lt=1)]``).
        data: what a file held, as `parse_json` or `read_yaml` gave it.
        where: file and, for a file of lines, line; it begins the sentence.
        lines: the lines of a `Document`, so that the sentence names the one of the value that does not fit.

    Raises:
        StylerepError: naming file, line and key, what was expected and what was found.

    """
    try:
        return cast(T, _adapter(kind).validate_python(data))  # type: ignore[arg-type]  # types can be hashed
    except ValidationError as error:
        raise StylerepError(_sentence(error, data, where, lines)) from error
    except RecursionError as error:
        raise StylerepError(f"{where}: this is nested too deep.") from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    own = isinstance(kind, type) and (issubclass(kind, BaseModel) or hasattr(kind, "__pydantic_config__"))
    return TypeAdapter(kind, config=None if own else ConfigDict(strict=True, allow_inf_nan=False))


def _sentence(
    error: ValidationError, data: object, where: object, lines: Mapping[tuple[str | int, ...], int] | None
) -> str:
    found = [(*_place(one["loc"], data), one) for one in error.errors(include_url=False)]
    # of the ways a union could be read, the one that came furthest
    deepest = max(len(place) for place, _, _ in found)
    furthest = [one for one in found if len(one[0]) == deepest]
    # a mapping was meant, and is there
    place, value, first = next(
        (one for one in furthest if one[2]["type"] in ("missing", "unknown_key")), furthest[0]
    )
    same = [one for at, _, one in found if at == place]
    if first["type"] == "missing":
        place, missing = place[:-1] if place and place[-1] == first["loc"][-1] else place, first["loc"][-1]
        says = f"the key {missing!r} is missing"
    elif first["type"] == "unknown_key":
        unknown = list(value)[first["ctx"]["number"]]  # type: ignore[call-overload]  # a mapping, by the type of the error
        says = f"there is no key {shown(unknown)}; there are {first['ctx']['names']}"
    elif first["loc"] and first["loc"][-1] == "[key]":
        says = f"a key must be {_expected(first)}, found {shown(first['input'])}"
    else:
        wanted = list(dict.fromkeys(_expected(one) for one in same))
        says = f"expected {' or '.join(wanted)}, found {shown(value)}"
    at = (*place, unknown) if first["type"] == "unknown_key" else place
    return sentence(where, place, says, lines, at)


def sentence(
    where: object,
    place: tuple[str | int, ...],
    says: str,
    lines: Mapping[tuple[str | int, ...], int] | None = None,
    at: tuple[str | int, ...] | None = None,
) -> str:
    """Return a sentence in the form of `read_as`: file, line, key, and what is wrong there. *at* is where the
    line is looked for, if not at *place*.
    """
    at = place if at is None else at
    line = (
        next((lines[at[:end]] for end in range(len(at), 0, -1) if at[:end] in lines), None) if lines else None
    )
    path = "".join(
        f"[{one}]" if isinstance(one, int) else f".{one}" if number else str(one)
        for number, one in enumerate(place)
    )
    return f"{where}{f', line {line}' if line else ''}: {f'{shown(path)[1:-1]}: ' if path else ''}{says}."


def _place(loc: tuple[str | int, ...], data: object) -> tuple[tuple[str | int, ...], object]:
    """Return the part of a location that is the data's own, without the names of types that pydantic puts
    between, and what stands there.
    """
    place: list[str | int] = []
    for part in loc:
        if (isinstance(data, dict) and part in data) or (
            isinstance(data, (list, tuple)) and isinstance(part, int) and part < len(data)
        ):
            data = data[part]  # type: ignore[index]
            place.append(part)
    return tuple(place), data


_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "string": "a text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "a mapping",
    "dictionary": "a mapping",
    "model": "a mapping",
    "mapping": "a mapping",
    "dataclass": "a mapping",
    "none": "nothing",
}
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "of at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "of at most"),
}


def _expected(one: Any) -> str:
    """Return in words what a value should have been."""
    kind, context = one["type"], one.get("ctx") or {}
    if kind in _BOUNDS:
        key, word = _BOUNDS[kind]
        return f"a number {word} {context[key]:g}"
    if kind == "literal_error":
        words = context["expected"].replace(" or ", ", ")
        return f"one of {words}" if ", " in words else str(words)
    if kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
        thing = _WORDS.get(str(context.get("field_type", "")).casefold(), "a text")
        least, most = context.get("min_length"), context.get("max_length")
        return (
            f"{thing} that is not empty"
            if least == 1
            else f"{thing} of at {f'most {most:,}' if least is None else f'least {least:,}'}"
        )
    if kind == "value_error":
        return str(context.get("error", one["msg"]))
    return _WORDS.get(kind.partition("_")[0]) or str(one["msg"]).removeprefix("Input should be ")
