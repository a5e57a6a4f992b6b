"""Data that does not fit its schema is told in one sentence: place, what was expected, what was found."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from synth.errors import StylerepError
from synth.schema import Line, Schema, Whole, parse_yaml, read_as


class Part(Schema):
    share: Annotated[float, Field(gt=0, lt=1)]
    kind: Literal["a", "b"] = "a"


class Record(Schema):
    n: Whole
    rows: list[dict[str, float]] = Field(default=[])
    names: str | list[str] | None = None
    seeds: Annotated[tuple[Whole, ...], Field(strict=False)] = ()
    parts: list[Part | str] = Field(default=[])
    either: list[str | Part] = Field(default=[])
    named: dict[str, Part] = Field(default={})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (3, "f: expected a mapping, found 3."),
        ({}, "f: the key 'n' is missing."),
        ({"n": "x"}, "f: n: expected a whole number, found 'x'."),
        ({"n": True}, "f: n: expected a whole number, found True."),
        (
            {"n": 10**400},
            "f: n: expected a number below 9.22337e+18, found 100000000000000000...0000000000000000000.",
        ),
        ({"n": 1, "m": 2}, "f: there is no key 'm'; there are n, rows, names, seeds, parts, either, named."),
        ({"n": 1, "rows": [{"x": float("nan")}]}, "f: rows[0].x: expected a finite number, found nan."),
        (
            {"n": 1, "rows": [{"x": 10**400}]},
            "f: rows[0].x: expected a number, found 100000000000000000...0000000000000000000.",
        ),
        ({"n": 1, "rows": [{3: 1.0}]}, "f: rows[0][3]: a key must be a text, found 3."),
        ({"n": 1, "names": 3}, "f: names: expected a text or a list, found 3."),
        ({"n": 1, "names": ["a", 3]}, "f: names[1]: expected a text, found 3."),
        ({"n": 1, "seeds": [1.5]}, "f: seeds[0]: expected a whole number, found 1.5."),
        (
            {"n": 1, "parts": ["q", {"share": 3.0}]},
            "f: parts[1].share: expected a number below 1, found 3.0.",
        ),
        ({"n": 1, "parts": ["q", 3]}, "f: parts[1]: expected a mapping or a text, found 3."),
        ({"n": 1, "parts": [{}]}, "f: parts[0]: the key 'share' is missing."),
        ({"n": 1, "either": [{}]}, "f: either[0]: the key 'share' is missing."),
        ({"n": 1, "either": [{"z": 1}]}, "f: either[0]: there is no key 'z'; there are share, kind."),
        (
            {"n": 1, "parts": [{"share": 0.5, "kind": "z"}]},
            "f: parts[0].kind: expected one of 'a', 'b', found 'z'.",
        ),
        (
            {"n": 1, "named": {"k": {"share": 0.1, "y": 3}}},
            "f: named.k: there is no key 'y'; there are share, kind.",
        ),
        (
            {"n": 1, "\ud800": 2},
            "f: there is no key '\\ud800'; there are n, rows, names, seeds, parts, either, named.",
        ),
        ({"n": 1, "named": {"\ud800": {}}}, "f: named: the key 'share' is missing."),
        (
            {"n": 1, "named": {"\x1b[31m": {"share": -0.1}}},
            "f: named.\\x1b[31m.share: expected a number above 0, found -0.1.",
        ),
    ],
)
def test_the_first_misfit_is_told(data: Any, says: str) -> None:
    with pytest.raises(StylerepError) as told:
        read_as(Record, data, "f")
    assert str(told.value) == says


def test_the_line_of_a_yaml_file_is_told() -> None:
    document = parse_yaml("n: 1\nparts:\n- q\n- share: 0.5\n  kind: c\n", "f")
    with pytest.raises(
        StylerepError, match=r"^f, line 5: parts\[1\].kind: expected one of 'a', 'b', found 'c'.$"
    ):
        read_as(Record, document.data, "f", document.lines)
    with pytest.raises(StylerepError, match=r"^f, line 3: there is no key 'ns'"):
        read_as(
            Record,
            parse_yaml("n: 1\nseeds: [1]\nns: 3", "f").data,
            "f",
            parse_yaml("n: 1\nseeds: [1]\nns: 3", "f").lines,
        )


def test_what_fits_is_read() -> None:
    assert read_as(Record, {"n": 1, "names": "\ud800"}, "f").names == "\ud800"
    record = read_as(
        Record, {"n": 1, "rows": [{"x": 2}], "seeds": [1, 2], "parts": ["q", {"share": 0.5}]}, "f"
    )
    assert record == Record(n=1, rows=[{"x": 2.0}], seeds=(1, 2), parts=["q", Part(share=0.5)])
    assert read_as(dict[str, list[float]], {"a": [1.5]}, "f") == {"a": [1.5]}


@pytest.mark.parametrize("value", ["", "  ", "a\nb", "\x1b[31mred", "a\0", "\x9b", "\ud800", "a\u2028b", 3])
def test_a_line_has_no_control_characters(value: Any) -> None:
    with pytest.raises(StylerepError, match=r"^f: expected a text"):
        read_as(Line, value, "f")
    assert (
        read_as(Line, "a b\u00a0\U0001f468\u200d\U0001f469 模型", "f")
        == "a b\u00a0\U0001f468\u200d\U0001f469 模型"
    )
