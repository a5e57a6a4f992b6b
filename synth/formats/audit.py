"""Says what of many responses may have been read wrongly: a format that nobody listed,
answers that are missing, tokens left in.

Errors of reading hang on a model's format, so they fall on one arm or family and not on another. A few are
the model's; many are ours, or a server's.
"""

import re
from dataclasses import dataclass, field

from synth.formats.control_tokens import control_tokens
from synth.formats.format_file import response_formats
from synth.formats.split import SplitResponse

_FEW, _SHARE = 2, 0.02
_SHOWN = 60
# A tag that a response begins with, and its name; a token between bars, anywhere.
_FIRST_TAG = re.compile(
    r"\s{0,20}(?P<tag><(?P<name>[A-Za-z][\w:.-]{2,40})>|\[(?P<upper>[A-Z][A-Z_ ]{2,30})\]|\u25c1(?P<word>\w{2,20})\u25b7)"  # noqa: E501
)
_TOKEN = re.compile(r"<\|([A-Za-z_][\w:./-]{1,60})\|?>|<([A-Za-z_][\w:./-]{1,60})\|>")
# What an answer in a language of mark-up, or in the form that our prompts ask for, begins with.
_NO_TRACE = frozenset(
    "answer html div span table svg xml body head code pre sub sup math img ul ol li center details".split()
)
_FORMS = {
    "token": (
        "end in a control token",
        (
            "it is read past; have the server or tokenizer drop it (skip_special_tokens) before texts are"
            " shown or trained on"
        ),
    ),
    "tag": (
        "begin with a tag or hold tokens that no format lists",
        "if they mark a trace, say so in a family file (docs/reference/formats.md)",
    ),
    "lost": (
        "begin as a trace does whose special tokens were dropped",
        "trace and answer cannot be told apart: evaluate with special tokens kept",
    ),
    "cut": (
        "were cut off within their trace and count as unanswered",
        "allow more new tokens (max_gen_toks), or compare runs with the same limit",
    ),
    "empty": (
        "have nothing after their trace, or nothing at all, and count as unanswered",
        "look at some: a server may have kept the answer in another field",
    ),
    "unstated": (
        "state no answer in a form that is known",
        "look at some; --answer-type says how answers are to be read",
    ),
    "untraced": (
        "have no trace where the others have one",
        "a prompt may open the trace and the response be cut off before it closes, or a tag be unread",
    ),
}


@dataclass(slots=True)
class Audit:
    """Counts what may be wrong in responses that belong together, those of a run, a task or a file."""

    n: int = 0
    traced: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def add(self, response: str, split: SplitResponse, where: str, answered: bool | None = None) -> None:
        """Count a response; *where* is its place, and *answered* says whether an answer was found in it,
        None if none was looked for.
        """
        self.n += 1
        self.traced += split.tagged
        if control_tokens().ends_in_one(response):
            self._count("token", where, response[-_SHOWN:])
        if (unread := unread_tag(response, split)) is not None:
            self._count("tag", where, unread)
        if any(
            one.lost and not split.tagged and response.lstrip().startswith(one.lost)
            for one in response_formats().formats
        ):
            self._count("lost", where, response[:_SHOWN])
        if split.truncated:
            self._count("cut", where, response[-_SHOWN:])
        elif split.no_answer is not None:
            self._count("empty", where, response[-_SHOWN:])
        elif answered is False:
            self._count("unstated", where, split.answer[-_SHOWN:])
        if not split.tagged and response.strip():
            self._count("untraced", where, response[:_SHOWN])

    def merge(self, later: "Audit") -> None:
        """Count in what another found in the responses that follow."""
        self.n, self.traced = self.n + later.n, self.traced + later.traced
        for name, n in later.counts.items():
            self.counts[name] = self.counts.get(name, 0) + n
        for name, example in later.examples.items():
            self.examples.setdefault(name, example)

    def notes(self) -> list[str]:
        """Return a sentence for each thing that more than a few responses have, with how many,
        one of them, and what to do.
        """
        counts = {
            name: n for name, n in self.counts.items() if name != "untraced" or 2 * self.traced > self.n
        }
        return [
            f"{counts[name]} of {self.n} responses {what} (the first: {self.examples[name]}): {advice}."
            for name, (what, advice) in _FORMS.items()
            if counts.get(name, 0) > max(_FEW, _SHARE * self.n)
        ]

    def _count(self, name: str, where: str, text: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        self.examples.setdefault(name, f"{where}, {shown(text)}")


def unread_tag(response: str, split: SplitResponse) -> str | None:
    """Return a tag that a response begins with, or a token in it, that no format lists;
    None where there is none.
    """
    first = _FIRST_TAG.match(response) if not split.tagged else None
    if first:
        name = next(name for name in (first["name"], first["upper"], first["word"]) if name)
        if name.casefold() not in _NO_TRACE and not control_tokens().tokens.fullmatch(first["tag"]):
            return str(first["tag"])
    if "|" not in response:
        return None
    return next(
        (found.group() for found in _TOKEN.finditer(response) if not control_tokens().lists(found.group())),
        None,
    )


def encrypted_note(encrypted: int, n: int) -> list[str]:
    """Say of how many responses the reasoning cannot be read."""
    return (
        [
            f"The reasoning of {encrypted} of {n} responses is encrypted; their trace is its summary, or"
            " there is none."
        ]
        if encrypted
        else []
    )


def shown(text: str) -> str:
    """Return a piece of a response as it can be shown in a line: quoted, nothing in it that moves a
    terminal.
    """
    folded = " ".join(text.split())
    return "\u201c" + "".join(one if one.isprintable() else "\ufffd" for one in folded) + "\u201d"
