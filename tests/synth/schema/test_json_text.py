"""JSON becomes data, or a sentence."""

import json
import math

import pytest

from synth.errors import StylerepError
from synth.schema import parse_json, shown


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            b"[1",
            (
                "f: this is not valid JSON (Expecting ',' delimiter, line 1, column 3); it may have been cut"
                " off."
            ),
        ),
        (b"", "f: this is not valid JSON (Expecting value, line 1, column 1); it may have been cut off."),
        (b'"\xff"', "f: this is not UTF-8 (byte 2)."),
        (b"[" * 100_000, "f: this is nested more than 200 levels deep."),
        (b"[" * 300 + b"]" * 300, "f: this is nested more than 200 levels deep."),
        (b"9" * 5000, "f: this holds a whole number of more digits than can be read."),
    ],
)
def test_what_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(StylerepError) as told:
        parse_json(data, "f")
    assert str(told.value) == says


def test_what_is_read() -> None:
    assert parse_json(b"\xef\xbb\xbf{}", "f") == {}
    assert math.isnan(parse_json("NaN", "f"))
    assert parse_json("[" * 200 + "]" * 200, "f")
    assert parse_json("[" + "[]," * 300 + "[]]", "f") == [[]] * 301


def test_what_is_shown_is_short_and_printable() -> None:
    assert shown("a\x1b[2J\ud800\n") == "'a\\x1b[2J\\ud800\\n'"
    assert len(shown([["x" * 1000] * 100] * 100)) <= 120
    assert shown(10**5000) == "a value of type int"


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "-1e-400",
        "NaN",
        "-Infinity",
        '"\\ud800"',
        "123456789012345678901234567890",
        "-0",
        "-0.0",
        '{"a": 1, "a": 2}',
        " [1e5, 0.1, 2.5e-8]\n",
        '"\\u0000\\ud83d\\ude00"',
        "[" * 200 + "]" * 200,
        "3.141592653589793238462643383279",
        "9007199254740993",
        "null",
        '{"": {}}',
    ],
)
def test_what_is_read_fast_is_what_json_reads(text: str) -> None:
    fast, slow = parse_json(text.encode(), "f"), json.loads(text)
    assert repr(fast) == repr(slow)
