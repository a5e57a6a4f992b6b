import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synth.errors import StylerepError
from synth.traces.writing.phrasebook import load_phrasebook
from synth.traces.writing.wordings import read_wordings
from tests.conftest import one_sentence

KNOWN = {"aside": (), "keep": ("result",), "size": ("result", "compared")}
Command = Callable[..., CompletedProcess[str]]


def macro(*lines: str, name: str = "keep", arguments: str = "result") -> str:
    return "\n".join((f"{{% macro {name}({arguments}) %}}", *lines, "{% endmacro %}")) + "\n"


# What a user may write by mistake or in bad faith: the template, the line that is named,
# and what is said of it.
BROKEN: dict[str, tuple[str, int | None, str]] = {
    "unclosed variable": (macro("{{ result"), 2, "has to end in it"),
    "unclosed condition": (macro("so", "{% if result == '7' %}seven"), 3, "has to end in it"),
    "unclosed comment": (macro("{# not finished"), 2, "comment"),
    "unclosed macro": ("{% macro keep(result) %}\nso {{ result }}.\n", None, "the macro keep does not end"),
    "lone brackets": (macro("{{ result }} }}"), 2, "}} stands alone"),
    "unknown tag": (macro("{% blink %}so{% endblink %}"), 2, "unknown tag 'blink'"),
    "unknown variable": (macro("so {{ results }}."), 2, "no variable 'results' here; there are result"),
    "unknown macro": (macro("so.", name="kept"), 1, "no macro 'kept'"),
    "wrong argument": (macro("so.", arguments="number"), 1, "gets no variable 'number'; it gets result"),
    "attribute": (macro("{{ result.__class__ }}"), 2, "looking into a variable"),
    "item": (macro("{{ result['__class__'] }}"), 2, "looking into a variable"),
    "endless loop": (
        macro("{% for i in result %}{% for j in result %}so{% endfor %}{% endfor %}"),
        2,
        "a loop is not allowed",
    ),
    "call": (macro("{{ range(9) }}"), 2, "a call is not allowed"),
    "method": (macro("{{ result.format(result) }}"), 2, "a call is not allowed"),
    "call block": (macro("{% call result() %}so{% endcall %}"), 2, "a call is not allowed"),
    "filter that is not allowed": (
        macro("{{ result | pprint }}"),
        2,
        "no filter 'pprint'; there are capitalize, lower",
    ),
    "filter with an argument": (macro("{{ result | trim('7') }}"), 2, "takes nothing in brackets"),
    "assignment": (macro("{% set result = 'x' %}"), 2, "setting a variable"),
    "include": (macro("{% include '/etc/passwd' %}"), 2, "another file"),
    "import": (macro("{% import '/etc/passwd' as it %}"), 2, "another file"),
    "repetition": (macro("{{ 'a' * 10**9 }}"), 2, "arithmetic"),
    "power": (macro("{{ 9**9**9 }}"), 2, "arithmetic"),
    "number": (macro("{{ result == 7 }}"), 2, "text in quotes"),
    "order of texts": (macro("{% if result < '7' %}so{% endif %}"), 2, "==, !=, in and not in"),
    "condition without else": (macro("{{ 'so' if result == '8' }}"), 2, "needs an else"),
    "huge file": (macro(*["so."] * 60_000), None, "at most 200000"),
    "long line": (macro("so " * 400), 2, "at most 1000 characters"),
    "deep brackets": (macro("{{ " + "(" * 450 + "result" + ")" * 450 + " }}"), 2, "too deeply"),
    "deep negation": (macro("{{ " + "not " * 240 + "result }}"), 2, "too deeply"),
    "text outside a macro": ("so it is.\n" + macro("so."), 1, "in no macro"),
    "macro on one line": ("{% macro keep(result) %}so.{% endmacro %}", 1, "each on a line of its own"),
    "end of no macro": ("{% endmacro %}", 1, "no macro to end"),
    "macro within a macro": (macro(macro("so.", name="aside", arguments="")), 2, "keep has not ended"),
    "empty macro": (macro("", "{# nothing #}"), None, "the macro keep holds no line"),
    "line that comes out empty": (macro("{% if result == '' %}so{% endif %}"), 2, "comes out empty"),
    "pivot where none may stand": (macro("wait, {{ result }} it is."), 2, "'wait' is a pivot (realization)"),
    "no pivot where one must stand": (macro("so:", name="realization", arguments=""), 2, "finds no pivot"),
    "pivot of another kind": (
        macro("Let me check:", name="realization", arguments=""),
        2,
        "is a pivot (verification)",
    ),
    "step that is not said": (
        macro("the next step.", name="step", arguments="text"),
        2,
        "has to hold {{ text }}",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_template_is_told_apart_by_file_and_line(name: str, tmp_path: Path) -> None:
    source, line, said = BROKEN[name]
    file = tmp_path / "mine.jinja"
    file.write_text(source, encoding="utf-8")
    began = time.process_time()
    with pytest.raises(StylerepError) as refusal:
        load_phrasebook("en", tmp_path)
    assert time.process_time() - began < 2
    assert str(refusal.value).startswith(f"{file}, line {line}: " if line else f"{file}: ")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "name",
    [
        "unknown variable",
        "attribute",
        "endless loop",
        "power",
        "deep negation",
        "huge file",
        "pivot where none may stand",
    ],
)
def test_the_command_refuses_a_broken_template_in_one_sentence(
    name: str, stylerep: Command, tmp_path: Path
) -> None:
    source, _, said = BROKEN[name]
    folder, out = tmp_path / "templates", tmp_path / "out"
    folder.mkdir()
    (folder / "mine.jinja").write_text(source, encoding="utf-8")
    began = time.monotonic()
    sentence = one_sentence(
        stylerep("synth", "--problems", "arith", "--n", 2, "--templates", folder, "--out", out)
    )
    assert time.monotonic() - began < 60  # Python and the libraries included, on a machine that others use
    assert "mine.jinja" in sentence
    assert said in sentence
    assert not out.exists()


def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="no such folder"):
        load_phrasebook("en", tmp_path / "nowhere")
    file = tmp_path / "voice.jinja"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StylerepError, match=r"voice\.jinja: this cannot be read as UTF-8"):
        load_phrasebook("en", tmp_path)
    file.unlink()
    file.mkdir()
    with pytest.raises(StylerepError, match=r"voice\.jinja: a template has to be a plain file"):
        load_phrasebook("en", tmp_path)


def test_a_folder_that_holds_no_template_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voice.txt").write_text(macro("so."))
    with pytest.raises(StylerepError, match=r"no \.jinja file"):
        load_phrasebook("en", tmp_path)


def test_a_line_is_filled_in_with_conditions_and_filters() -> None:
    source = macro(
        "{# a comment, over",
        "two lines #}",
        "{{ result }} is {{ compared | upper }}.",
        "{% if compared == 'more than' %}it grew to {{ result }}{% else %}it shrank{% endif %}.",
        "it is {{ 'bigger' if 'more' in compared else 'smaller' }}.",
        "100% of {{ result }}.",
        name="size",
        arguments="result, compared",
    )
    wordings = read_wordings(source, "mine.jinja", KNOWN)["size"]
    lines = [
        [wording.fill({"result": "7", "compared": compared}) for wording in wordings]
        for compared in ("more than", "less than")
    ]
    assert lines[0] == ["7 is MORE THAN.", "it grew to 7.", "it is bigger.", "100% of 7."]
    assert lines[1] == ["7 is LESS THAN.", "it shrank.", "it is smaller.", "100% of 7."]
    assert [wording.where for wording in wordings] == [f"mine.jinja, line {line}" for line in (4, 5, 6, 7)]


def test_a_value_is_written_as_it_is() -> None:
    (wording,) = read_wordings(macro("{{ result }} & {{ result }}"), "mine.jinja", KNOWN)["keep"]
    assert wording.fill({"result": "{{ 7 }} <%s>"}) == "{{ 7 }} <%s> & {{ 7 }} <%s>"


def test_a_line_without_variables_is_the_text_itself() -> None:
    source = macro("100% done.", "{{ 'well' | capitalize }}.", name="aside", arguments="")
    assert [wording.fill({}) for wording in read_wordings(source, "mine.jinja", KNOWN)["aside"]] == [
        "100% done.",
        "Well.",
    ]


def test_line_ends_of_other_systems_are_line_ends() -> None:
    for source in (macro("so.", "well."), macro("so.", "well.").replace("\n", "\r\n")):
        assert [wording.pattern for wording in read_wordings(source, "mine.jinja", KNOWN)["keep"]] == [
            "so.",
            "well.",
        ]


def test_a_user_folder_replaces_one_macro_and_keeps_the_others(stylerep: Command, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    line = "{% if stated in '1 2 3' %}few, namely{% else %}many, namely{% endif %} {{ stated | upper }}."
    (folder / "end.jinja").write_text(
        "\ufeff" + macro(line, name="conclusion", arguments="stated"), encoding="utf-8"
    )
    result = stylerep(
        "synth",
        "--problems",
        "arith",
        "--arms",
        "hc",
        "--n",
        20,
        "--no-decontaminate",
        "--templates",
        folder,
        "--out",
        tmp_path / "out",
    )
    assert result.returncode == 0, result.stderr[-2000:]
    rows = pq.read_table(tmp_path / "out" / "hc" / "train.parquet").to_pylist()
    for row in rows:
        size = "few" if row["answer"] in "1 2 3" else "many"
        assert row["trace"].splitlines()[-1].lower().endswith(f"{size}, namely {row['answer']}.")
    assert len({row["trace"].splitlines()[0] for row in rows}) > 5


FRAGMENTS = (
    "{% macro keep(result) %}",
    "{% macro aside() %}",
    "{% endmacro %}",
    "\n",
    "\r",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    " result ",
    "if ",
    "else",
    "endif",
    "for i in ",
    "raw",
    "endraw",
    "set ",
    "(",
    ")",
    "[",
    "]",
    "'",
    '"',
    "|",
    "upper",
    " == ",
    " ~ ",
    " in ",
    " not ",
    ".",
    ",",
    "*",
    "9",
    "%s",
    "%",
    "-",
    "\\",
    "x",
    "self",
    "\u3002",
    "\0",
)


def read_or_refuse(source: str) -> None:
    began = time.process_time()
    try:
        wordings = read_wordings(source, "mine.jinja", KNOWN)
    except StylerepError:
        wordings = {}
    for of_macro in wordings.values():
        for wording in of_macro:
            wording.fill({"result": "7", "compared": "more than"})
    assert time.process_time() - began < 2


@given(st.one_of(st.text(max_size=300), st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join)))
@example("{{ '" + "{#" * 90_000)
@example("{% macro keep(" + " " * 900 + "\n" + "{%" * 400)
def test_any_text_is_read_or_refused_at_once(source: str) -> None:
    read_or_refuse(source)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join))
@example("{{ " + "1" * 900 + " }}")
@example("{{ " + "{" * 800 + " }}")
@example("{% if result %}" * 40 + "{% endif %}" * 40)
def test_any_line_is_read_or_refused_at_once(line: str) -> None:
    read_or_refuse(macro(line))
