"""YAML becomes plain data, or a sentence with its line."""

import pytest

from synth.errors import StylerepError
from synth.schema import parse_yaml, read_yaml

TENFOLD = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"
for old, new in zip("abcdef", "bcdefg", strict=True):
    TENFOLD += f"\n{new}: &{new} [{', '.join([f'*{old}'] * 10)}]"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2", "f, line 2: the key 'a' stands here a second time."),
        ("a: !!int x", "f, line 1: 'x' cannot be read as !!int."),
        ("b: 1\na: !!float x", "f, line 2: 'x' cannot be read as !!float."),
        ("a: !!timestamp zz", "f, line 1: 'zz' cannot be read as !!timestamp."),
        ("a: !!bool x", "f, line 1: 'x' cannot be read as !!bool."),
        ("a: 2001-99-99", "f, line 1: '2001-99-99' cannot be read as !!timestamp."),
        ("a: !!binary aGk=", "f, line 1: !!binary is not read here; write plain lists, mappings and values."),
        ("a: !!set {x}", "f, line 1: !!set is not read here; write plain lists, mappings and values."),
        ("a: !mine 3", "f, line 1: !mine is not read here; write plain lists, mappings and values."),
        ("a: !!seq b", "f, line 1: !!seq is not read here; write plain lists, mappings and values."),
        ("? [a]\n: 2", "f, line 1: !!seq is not read here; write plain lists, mappings and values."),
        ("a: " + "[" * 101 + "]" * 101, "f, line 1: this is nested more than 100 levels deep."),
        ("a: &a [*a]", "f, line 1: an alias (*name) stands within what it names."),
        (
            TENFOLD,
            (
                "f, line 1: this holds more than 200,000 values, those that aliases (*name) repeat counted"
                " each time."
            ),
        ),
        ("a: b: c", "f, line 1: this is not valid YAML (mapping values are not allowed in this context)."),
        ("a: 1\n---\nb: 2", "f, line 2: this is not valid YAML (but found another document)."),
        ("<<: 3", "f, line 1: << takes the keys of a mapping, and this is none."),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(StylerepError) as told:
        parse_yaml(text, "f")
    assert str(told.value) == says


def test_a_number_of_5000_digits_is_told() -> None:
    with pytest.raises(StylerepError, match=r"^f, line 1: '9+\.\.\.9+' cannot be read as !!int.$"):
        parse_yaml("a: " + "9" * 5000, "f")


def test_plain_data_is_read_with_its_lines(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfbase: &base {x: 1, y: 2}\nown:\n  <<: *base\n  y: [3, 2024-01-05]\n")
    document = read_yaml(path)
    assert document.data["own"]["x"] == 1
    assert document.data["own"]["y"][0] == 3
    assert (document.lines[("own",)], document.lines[("own", "y")]) == (2, 4)
    assert parse_yaml("", "f").data is None


def test_a_file_that_is_not_there_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StylerepError, match="there is no such study file"):
        read_yaml(tmp_path / "f.yaml", "study file")
    (tmp_path / "g.yaml").write_bytes(b"a: \xff")
    with pytest.raises(StylerepError, match=r"this is not UTF-8 \(byte 4\)"):
        read_yaml(tmp_path / "g.yaml")
