"""All wordings of one language, each measured by the style scorer, so that a plan can choose by style.

Shipped templates lie in ``synth/traces/templates/<language>/``;
a user's folder may replace any macro of them.
"""

import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from synth.errors import StylerepError
from synth.style import KINDS, load_lexicon, read_trace
from synth.style.lexicon import Lexicon
from synth.traces.writing.wordings import LONGEST_FILE, Wording, read_wordings

_FOLDER = resources.files("synth.traces") / "templates"
_CALCULATION = ("calculation", "result", "left", "right")
MACROS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            *KINDS,
            "correction",
            "opener",
            "onward",
            "voice",
            "join",
            "question",
            "backtrack",
            "begin",
            "outline",
            "aside",
            "settled",
        ),
        (),
    ),
    "given": ("fact",),
    "reread": ("fact",),
    "asked": ("ask",),
    **dict.fromkeys(("step", "restate", "said_again", "idea", "rejected", "checked"), ("text",)),
    "again": ("calculation", "result"),
    "turned": ("calculation", "result"),
    "equation": ("equations",),
    "so_far": ("equations",),
    "keep": ("result",),
    "split": (*_CALCULATION, "first", "second", "part", "rest"),
    "halves": (*_CALCULATION, "first", "second"),
    "swapped": (*_CALCULATION, "exchanged"),
    "repeated": (*_CALCULATION, "sum"),
    "rounded": (*_CALCULATION, "first", "second", "round"),
    "size": (*_CALCULATION, "compared"),
    "near_double": (*_CALCULATION, "first", "second", "small", "more"),
    "count_up": (*_CALCULATION, "first", "second", "ten"),
    "one_less": (*_CALCULATION, "first", "second", "times", "fewer"),
    "halve_twice": (*_CALCULATION, "first", "second"),
    "decimal": (*_CALCULATION, "first", "second"),
    "bracketed": (*_CALCULATION, "low", "down", "high", "up"),
    "table": (*_CALCULATION, "multiples"),
    "by_tens": (*_CALCULATION, "steps"),
    "parity": (*_CALCULATION, "one", "other", "whole"),
    "origin": ("number", "fact"),
    "slip": ("calculation", "wrong"),
    "slip_rejected": (*_CALCULATION, "wrong", "undone", "gives"),
    "undo": (*_CALCULATION, "undone"),
    "neighbour": (*_CALCULATION, "wrong", "undone", "gives"),
    "between": (*_CALCULATION, "below", "above", "low", "high"),
    "other_number": (*_CALCULATION, "found"),
    "last_digit": (*_CALCULATION, "digits", "digit"),
    "recap": ("results",),
    "conclusion": ("stated",),
    "plain_conclusion": ("stated",),
}
"""The macros that traces are written with, and the variables of each."""
LEADS = {**{kind: kind for kind in KINDS}, "correction": "realization"}
"""The macros that lead in with a pivot, and its kind; a correction rejects what stands before it."""
_TEXTS = ("fact", "ask", "text")
# How a clause begins that "I see that" can go before.
_STATES = (
    "7",
    "the ",
    "this ",
    "it ",
    "each ",
    "every ",
    "nothing ",
    "by ",
    "with ",
    "\u8fd9",
    "\u6bcf",
    "\u9898\u76ee",
    "\u5404",
    "\u5b83",
    "\u5de6\u53f3",
)
# What stands for the variables when a wording is measured: a sentence where it gets one,
# else a number or calculation.
_SENTENCE, _NUMBER = "Rain fell all day.", "7"
# A variable without which a line of the macro would lose what the trace is about.
_NEEDED = {
    **dict.fromkeys(("step", "said_again", "idea", "rejected"), "text"),
    "asked": "ask",
    "conclusion": "stated",
    "plain_conclusion": "stated",
}
# Words as the style scorer counts them: an East Asian character is one,
# and so is the beginning of a run of others.
_WORD = re.compile("[\u3040-\ufaff]|(?<!\\S)[^\\s\u3040-\ufaff]")
# Variables that hold several equations, and what stands between these.
_SEVERAL, _BETWEEN = ("first", "multiples", "steps"), re.compile(r", | and ")
_FULL_WIDTH = "\u3002\uff0c\uff1a\uff1b\uff1f\uff01\u3001\u201c\u201d"


@dataclass(frozen=True, slots=True)
class Form:
    """A wording, its `text` where it has no variables, and what the style scorer finds in it.

    `openers` and `first_person` are counts, `question` says whether it holds a question mark, `clause`
    whether it begins with a small letter or a number, so that something may lead into it; `joins` whether it,
    as a lead, runs on into the sentence. `statement` says that a voice ("I see that") may go before it.
    `pivots` counts the pivots of a lead-in ("Hmm, wait," has two).
    """

    wording: Wording
    text: str
    openers: int
    first_person: int
    question: bool
    clause: bool
    joins: bool
    words: int
    statement: bool
    pivots: int


@dataclass(frozen=True, slots=True)
class Macro:
    """The forms of one macro; `by_voice` has those without and with the first person (all, where there are
    none of a sort), short ones first.
    """

    forms: tuple[Form, ...]
    by_voice: tuple[tuple[Form, ...], tuple[Form, ...]]


@dataclass(frozen=True)
class Phrasebook:
    """The macros of one language.

    `spaced` says whether words are separated by spaces. `digest` changes whenever any wording does.
    """

    language: str
    spaced: bool
    macros: Mapping[str, Macro]
    digest: str

    def words(self, text: str) -> int:
        """Count words as the style scorer does, closely enough to plan with: runs of non-spaces, and East
        Asian characters where words are not spaced.
        """
        return text.count(" ") + 1 if self.spaced else len(_WORD.findall(text))

    def fill(self, form: Form, values: Mapping[str, str]) -> str:
        """Fill a form in; what stands between equations follows the language."""
        if not self.spaced:
            values = {
                name: _BETWEEN.sub("\uff0c", text) if name in _SEVERAL else text
                for name, text in values.items()
            }
        return form.wording.fill(values)

    def lead(self, kind: str, clause: bool, asking: bool, u: float) -> Form:
        """Choose a lead-in for a pivot kind with a number *u* from 0 to 1: before a clause or a whole
        sentence, as a question or not.
        """
        forms = self._leads[kind, clause, asking]
        return forms[int(u * len(forms))]

    def opener(self, clause: bool, u: float) -> Form:
        """Choose an opener that suits a clause or a whole sentence."""
        forms = self._openers[clause]
        return forms[int(u * len(forms))]

    def onward(self, u: float) -> Form:
        """Choose an opener that takes up the steps again after a check."""
        forms = self.macros["onward"].forms
        return forms[int(u * len(forms))]

    def voice(self, u: float) -> Form:
        """Choose a voice, such as "I see that"."""
        forms = self.macros["voice"].forms
        return forms[int(u * len(forms))]

    def join(self, u: float) -> str:
        """Choose what joins a clause to the sentence before it."""
        forms = self.macros["join"].forms
        return forms[int(u * len(forms))].text

    def side_by_side(self, *parts: str) -> str:
        """Put parts of a text side by side: with a space, or where words are not spaced,
        one beside what is in Latin letters or a number.
        """
        if self.spaced:
            return " ".join(filter(None, parts))
        text = ""
        for part in filter(None, parts):
            last, first = text[-1:], part[0]
            close = (
                not text
                or last in _FULL_WIDTH
                or first in _FULL_WIDTH
                or not (last.isascii() or first.isascii())
            )
            text += part if close else f" {part}"
        return text

    @cached_property
    def stop(self) -> str:
        """What ends a sentence."""
        return "." if self.spaced else "\u3002"

    @cached_property
    def stop_within(self) -> str:
        """What ends a sentence that another one follows."""
        return ". " if self.spaced else "\u3002"

    def listing(self, items: Sequence[str]) -> str:
        """List some items in a sentence."""
        return (", " if self.spaced else "\u3001").join(items)

    @cached_property
    def _leads(self) -> dict[tuple[str, bool, bool], tuple[Form, ...]]:
        leads = {}
        for kind in LEADS:
            forms = self.macros[kind].forms
            for clause in (True, False):
                # What runs on after a comma needs a clause; a whole sentence follows a colon or a full stop.
                suits = (
                    tuple(form for form in forms if clause or not form.text.endswith((",", "\uff0c")))
                    or forms
                )
                for asking in (True, False):
                    leads[kind, clause, asking] = (
                        tuple(form for form in suits if form.question is asking) or suits
                    )
        return leads

    @cached_property
    def _openers(self) -> dict[bool, tuple[Form, ...]]:
        forms = self.macros["opener"].forms
        colon = tuple(form for form in forms if form.text.endswith((":", "\uff1a")))
        return {True: tuple(form for form in forms if form not in colon) or forms, False: colon or forms}

    def fewer_pivots(self, n: int) -> "Phrasebook":
        """Return the same phrasebook with only the first *n* lead-ins of each kind of pivot."""
        fewer = {lead: _macro(self.macros[lead].forms[:n]) for lead in LEADS}
        return Phrasebook(self.language, self.spaced, {**self.macros, **fewer}, f"{self.digest}-{n}")


@functools.cache
def load_phrasebook(language: str = "en", folder: Path | None = None) -> Phrasebook:
    """Return the wordings of a language, those of a user's *folder* of .jinja files in place of the shipped
    ones.

    Raises StylerepError, naming file and line, for a template that cannot be used.
    """
    shipped = _FOLDER / language
    if not shipped.is_dir():
        there = ", ".join(sorted(entry.name for entry in _FOLDER.iterdir() if entry.is_dir()))
        raise StylerepError(f"There are no templates for the language {language!r}; there are {there}.")
    sources = {
        file.name: file.read_text(encoding="utf-8")
        for file in shipped.iterdir()
        if file.name.endswith(".jinja")
    }
    wordings = _read(sources)
    if missing := [name for name in MACROS if name not in wordings]:
        raise StylerepError(f"The templates of {language!r} lack the macro {missing[0]}.")
    if folder is not None:
        sources = _of_folder(folder)
        wordings |= _read(sources)
    lexicon = load_lexicon(language)
    text = "\n".join(f"{name}\t{wording.pattern}" for name in MACROS for wording in wordings[name])
    macros = {
        name: _macro([_measured(name, wording, lexicon) for wording in wordings[name]]) for name in MACROS
    }
    _check_side_by_side(macros, lexicon)
    return Phrasebook(language, lexicon.spaced, macros, hashlib.sha256(text.encode()).hexdigest()[:16])


def _check_side_by_side(macros: Mapping[str, Macro], lexicon: Lexicon) -> None:
    """Refuse an opener or voice that makes a pivot of what it stands before: "now" and "I see that"."""
    space = " " if lexicon.spaced else ""
    fronts = [(form, form.text) for name in ("opener", "onward") for form in macros[name].forms]
    fronts += [
        (voice, f"{front}{space}{voice.text}")
        for voice in macros["voice"].forms
        for _, front in [*fronts, (None, "")]
    ]
    plain = [name for name in macros if name not in (*LEADS, "opener", "onward", "voice", "join")]
    rests = [
        (form, form.wording.pattern.replace("%s", "7"))
        for name in plain
        for form in macros[name].forms
        if form.clause
    ]
    pairs = [
        (front, rest, f"{before}{space}{after}")
        for front, before in fronts
        for rest, after in rests
        if not front.first_person or rest.statement
    ]
    for (front, rest, text), pivots in zip(
        pairs, lexicon.find_each([text for _, _, text in pairs]), strict=True
    ):
        if pivots:
            raise StylerepError(
                f"{rest.wording.where}: after {front.wording.where} ({text[:60]!r}) it reads as the pivot"
                f" {pivots[0].phrase!r}; word one of them otherwise."
            )


def _of_folder(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise StylerepError(f"{folder}: there is no such folder of templates.")
    files = sorted(folder.glob("*.jinja"))
    if not files:
        raise StylerepError(f"{folder}: no .jinja file lies in it.")
    sources = {}
    for file in files:
        try:
            if not file.is_file() or file.stat().st_size > LONGEST_FILE:
                raise StylerepError(
                    f"{file}: a template has to be a plain file of at most {LONGEST_FILE} bytes."
                )
            sources[str(file)] = file.read_text(encoding="utf-8-sig")
        except (UnicodeDecodeError, OSError) as error:
            raise StylerepError(f"{file}: this cannot be read as UTF-8 text ({error}).") from error
    return sources


def _read(sources: Mapping[str, str]) -> dict[str, list[Wording]]:
    wordings: dict[str, list[Wording]] = {}
    for name in sorted(sources):
        wordings |= read_wordings(sources[name], name, MACROS)
    return wordings


def _macro(forms: Sequence[Form]) -> Macro:
    ordered = sorted(forms, key=lambda form: form.words)
    plain = tuple(form for form in ordered if not form.first_person)
    voiced = tuple(form for form in ordered if form.first_person)
    return Macro(tuple(forms), (plain or voiced, voiced or plain))


def _measured(macro: str, wording: Wording, lexicon: Lexicon) -> Form:
    values = {name: _SENTENCE if name in _TEXTS else _NUMBER for name in MACROS[macro]}
    try:
        text = wording.fill(values)
    except Exception as error:  # whatever a user's template raises
        raise StylerepError(
            f"{wording.where}: this cannot be filled in ({type(error).__name__}: {error})."
        ) from error
    lead = LEADS.get(macro)
    pivots = lexicon.find(f"{text} it is so.")
    if lead and not pivots:
        raise StylerepError(
            f"{wording.where}: the lexicon {lexicon.signature} finds no pivot of the kind {lead} in {text!r}."
        )
    if strange := [pivot for pivot in pivots if pivot.kind != lead]:
        raise StylerepError(
            f"{wording.where}: {strange[0].phrase!r} is a pivot ({strange[0].kind}); such a line belongs into"
            f" the macro {strange[0].kind}."
        )
    whole = text.startswith(_SENTENCE)  # begins with a sentence as it stands
    reading = read_trace(
        f"{text} 7 is so." if macro in ("opener", "onward", "voice") or lead else text, lexicon
    ).scores
    if not text:
        raise StylerepError(f"{wording.where}: this line comes out empty.")
    if (needed := _NEEDED.get(macro)) and needed not in wording.names:
        raise StylerepError(
            f"{wording.where}: a line of the macro {macro} has to hold {{{{ {needed} }}}}, or what it is"
            " there to say is lost."
        )
    return Form(
        wording=wording,
        text="" if MACROS[macro] else text,
        openers=reading.openers,
        first_person=reading.first_person,
        question=reading.questions > 0,
        clause=not whole and (not text[:1].isupper() or text.startswith(("I ", "I'"))),
        joins=text.endswith((",", ":", "\uff0c", "\uff1a")),
        words=len(text.split()) if lexicon.spaced else len(_WORD.findall(text)),
        statement=reading.first_person == 0 and not whole and text.startswith(_STATES),
        pivots=len(pivots),
    )
