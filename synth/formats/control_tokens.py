r"""Control tokens in a response: what ends a turn, fills a batch, or heads a turn,
and is no part of what was said.

The answer is 28.<|eot_id|>        <|im_start|>assistant\nThe answer is amber.<|im_end|>        (C)<turn|>
"""

import functools
import re
from collections.abc import Iterable

from synth.formats.format_file import Formats, beginnings, is_beginning, marker_pattern, response_formats

# Shapes that no text has: names between bars and brackets. Two letters at least,
# since <|x|> may be a formula.
_SHAPES = r"<\|/?[A-Za-z_][\w:./ +-]{1,62}\|?>|<[A-Za-z_][\w:./+-]{1,62}\|>|<\uff5c[^<>\uff5c\n]{1,62}\uff5c>|\[\|[A-Za-z_][\w ]{1,30}\|\]"  # noqa: E501
# Words of which the names of tokens are made that end or head turns, fill batches,
# or stand for pictures, code and tools.
_WORDS = frozenset(
    "begin start end of id token im text turn eot eom eos bos eod eop sep pad padding unk mask role header"
    " user assistant system developer tool tools call calls channel message return flush stop content vision"
    " image audio video box fim prefix suffix middle extra reserved special python interpreter plugin action"
    " list section argument response result output sentence document doc file repo name object ref quad human"
    " bot model chatbot observation finetune right left constrain resource code endoftext startoftext"
    " endofturn endofsystem endofprompt endofuserprompt endofresponse beginoftext startofturn line"
    " splitter".split()
)
_PARTS = re.compile(r"[a-z]+")
_LONGEST_MARKER, _FIRST = 120, re.compile("[<[\u25c1]")


class ControlTokens:
    """Patterns of control tokens, made of what formats say of them: `tokens` alone,
    or `any` marker of a format as well.
    """

    def __init__(self, formats: Formats) -> None:
        tokens = {*formats.tokens, *formats.other_heads, *(one for pair in formats.boxes for one in pair)}
        marking = {text for one in formats.formats for text in one.markers()}
        marking |= {f"<{slash}{tag}>" for tag in formats.answer_tags for slash in ("", "/")}
        own, other, heads, ends = map(
            _choice, (formats.own_roles, formats.other_roles, formats.other_heads, formats.tokens)
        )
        head = rf"(?:[ \t]?(?:{own})(?=\s*\n|\s*\Z|{_SHAPES}))?"
        self.tokens = re.compile(f"(?:{_choice(tokens)}|{_SHAPES}){head}")
        self.any = re.compile(
            f"(?:{_choice(tokens | {text for text in marking if not _is_words(text)})}|{_SHAPES}){head}"
        )
        self.other = re.compile(rf"(?:(?:{ends}|{_SHAPES})\s?(?:{other})(?=\s*\n|{_SHAPES})|{heads})")
        self.at_end = re.compile(rf"(?:{ends}|{_SHAPES})\s*\Z")
        self._beginnings = beginnings(formats)
        self._listed = re.compile(_choice(tokens | marking))
        self._all: dict[str, list[str]] = {}
        for text in tokens | marking:
            self._all.setdefault(text[:2], []).append(text)
        self.tool_calls = [
            (
                opening.split("*")[0],
                re.compile(rf"{marker_pattern(opening)}.*?(?:{re.escape(closing)}|\Z)", re.DOTALL),
            )
            for opening, closing in formats.tool_calls
        ]
        self.boxes = [
            re.compile(rf"{begin}\s{{0,9}}((?:(?!{begin}).){{0,2000}}?)\s{{0,9}}{end}", re.DOTALL)
            for begin, end in ((re.escape(begin), re.escape(end)) for begin, end in formats.boxes)
        ]

    def removed(self, text: str, markers: bool = True) -> str:
        """Return a text without control tokens, and without the *markers* of formats; tokens that put a box
        around something become a box of LaTeX.
        """
        if not self.may_hold(text):
            return text
        for opening, call in self.tool_calls:
            text = call.sub("", text) if opening in text else text
        for box in self.boxes:
            text = box.sub(_boxed, text)
        return (self.any if markers else self.tokens).sub("", self._without_partial(text))

    def _without_partial(self, text: str) -> str:
        """Return a text without the beginning of a marker that it was cut off in."""
        if self.ends_in_one(text):
            return text
        begin = max(0, len(text) - _LONGEST_MARKER)
        for found in _FIRST.finditer(text, begin):
            rest = text[found.start() :].rstrip()
            if len(rest) == 1 or any(is_beginning(rest, marker) for marker in self._all.get(rest[:2], ())):
                return text[: found.start()]
        return text

    def blanked(self, text: str) -> str:
        """Return a text of the same length in which control tokens are spaces."""
        return self.any.sub(lambda found: " " * len(found.group()), text) if self.may_hold(text) else text

    def own_turn(self, text: str) -> str:
        """Return a response up to where it goes on with somebody else's turn, if it does."""
        looked = 0
        for first in self._beginnings.finditer(text):
            if (found := self.other.match(text, first.start())) is None:
                continue
            if self.tokens.sub("", text[looked : found.start()]).strip():
                return text[: found.start()]
            looked = found.start()
        return text

    def may_hold(self, text: str) -> bool:
        """Say whether anything in a text looks like the beginning of a marker or control token."""
        return self._beginnings.search(text) is not None

    def lists(self, token: str) -> bool:
        """Say whether a token between bars is known: of a format,
        or one that ends or heads turns in many families.
        """
        return self._listed.fullmatch(token) is not None or {*_PARTS.findall(token.casefold())} <= _WORDS

    def ends_in_one(self, text: str) -> bool:
        """Say whether the last thing in a response is a control token."""
        return self.at_end.search(text, max(0, len(text) - 200)) is not None


def control_tokens() -> ControlTokens:
    """Return the control tokens of all formats there are now."""
    return _control_tokens(response_formats())


@functools.lru_cache(maxsize=8)
def _control_tokens(formats: Formats) -> ControlTokens:
    return ControlTokens(formats)


def _choice(markers: Iterable[str]) -> str:
    return "|".join(map(marker_pattern, sorted(markers, key=len, reverse=True)))


def _is_words(marker: str) -> bool:
    return marker[0].isalnum() or marker[0] in "/#"


def _boxed(found: re.Match[str]) -> str:
    inside = found[1].strip()
    if "\\boxed" in inside:
        return inside
    bare = (
        inside.strip("$")
        if inside.count("$") in (2, 4) and inside.startswith("$") and inside.endswith("$")
        else inside
    )
    return f"\\boxed{{{bare}}}"
