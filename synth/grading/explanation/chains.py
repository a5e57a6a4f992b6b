"""Pairs of symbols that lead on, the questions of the source ``chain``."""

import re
from collections.abc import Mapping
from typing import Any

from synth.grading.explanation.wording import IS, IT, Edge, Question, Verdict, words

_ARROW = re.compile(
    r"[-=–—~]+>|[→⇒➔➜➡⟶⟹↦]|(?:^|\s)>+(?:\s|$)|\\(?:long)?(?:right|R)ight(?:arrow)|\\(?:long)?rightarrow|\\to\b|\\mapsto|\\Rightarrow"
)
_BACK_ARROW = re.compile(r"<[-=–—]+|[←⇐⟵]")
_ONWARD = frozenset(
    "to into leads lead leading gives give reach reaches reaching next get gets becomes become arrive arrives"
    " arriving followed comes yields sends takes take brings points maps goes go move moves moving land lands"
    " hop jump step going paired precedes before".split()
)
_BACKWARD = frozenset("follows from after".split())
_BACKWARDS = re.compile(r"\b(?:backwards?|in reverse)\b", re.IGNORECASE)
_NEXT = re.compile(r"\b(?:next|after|successor|follow\w*|comes|from)\b", re.IGNORECASE)


class Chain(Question):
    """Pairs of symbols, of which each leads from one to another."""

    leads_on = True

    def __init__(self, meta: Mapping[str, Any]) -> None:
        super().__init__(meta)
        self.next = {a: b for a, _, b in self.facts}

    def readings(self, before: str, x: str, between: str, y: str, after: str) -> list[Edge]:
        """Return the pair that a word or sign between two symbols makes of them.

        Forth: "x → y", "x: y", "(x, y)", "from x we go to y", "after x is y". Back: "x ← y",
        "x follows y", "x is preceded by y".
        """
        forth, back = [(x, "leads to", y)], [(y, "leads to", x)]
        if _BACK_ARROW.search(between):
            return back
        if _ARROW.search(between):
            return forth
        bare, told = between.strip(), words(between)
        if bare == ":" or (bare == "," and before.endswith("(") and after.startswith(")")):
            return forth
        if _BACKWARD & set(told) or ("preceded" in told and "by" in told):
            return back
        if _ONWARD & set(told) or (_NEXT.search(before) and IS.match(between) and bare):
            return forth
        return []

    def judge(self, edge: Edge) -> tuple[Verdict, Edge]:
        """Look a pair up; one that leaves out symbols ("A9 leads to K2 after two steps") follows where the
        pairs lead there.
        """
        if edge in self.facts:
            return "fact", edge
        at: str | None = edge[0]
        for _ in range(len(self.next)):
            at = self.next.get(at or "")
            if at is None or at == edge[2]:
                return ("follows" if at else "false"), edge
        return "false", edge

    def fits(self, pronoun: str, thing: str) -> bool:
        """Say whether a pronoun can stand for a symbol: "it", "there"."""
        return pronoun in IT

    def passes_over(self, text: str, begin: int, end: int) -> bool:
        """Say whether a sentence goes through the pairs backwards,
        so that its words mean the other direction.
        """
        return _BACKWARDS.search(text, begin, end) is not None
