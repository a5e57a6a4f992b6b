r"""Steps of a worked solution that is written as prose with LaTeX in it.

The sum is $3 + 4 = 7.$ Hence the area is $7 \cdot 2 = \boxed{14}.$      two steps,
claims 3 + 4 = 7 and 7 * 2 = 14
"""

import re

from synth.arithmetic import evaluate
from synth.problems.problem import Claim, Step
from synth.sentences import sentences
from synth.style.arithmetic_claims import find_claims
from synth.style.characters import look

_DRAWING = re.compile(r"\[asy\].*?\[/asy\]", re.DOTALL)
_SIGNS = {
    "+": "+",
    "-": "-",
    "\u2212": "-",
    "*": "*",
    "\\cdot": "*",
    "\\times": "*",
    "\u00d7": "*",
    "\u00b7": "*",
    "/": "/",
    "\\div": "/",
    "\u00f7": "/",
}
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_STATEMENT = re.compile(
    rf"(?P<left>{_NUMBER})\s*(?P<sign>{'|'.join(map(re.escape, _SIGNS))})\s*(?P<right>{_NUMBER})\s*&?=\s*(?P<result>-?(?:{_NUMBER}))(?![\d.]*\d)"  # noqa: E501
)
_LEAD = re.compile(r"(?:^|[$=(,:;&\[]|[a-z]{2})\s*\Z")


def prose_steps(solution: str) -> tuple[Step, ...]:
    """Return the sentences of a solution as steps, each in one line, drawings left out and boxes opened, with
    their true arithmetic as claims.
    """
    texts = sentences(open_boxes(_DRAWING.sub(" ", solution)))
    return tuple(Step(text, arithmetic_claims(text)) for text in (" ".join(one.split()) for one in texts))


def arithmetic_claims(text: str) -> tuple[Claim, ...]:
    """Return the true statements ``a op b = c`` of plain numbers that a text makes."""
    true = {claim.place for claim in find_claims(text, look(text)) if claim.true}
    claims = []
    for found in _STATEMENT.finditer(text):
        left, right, result = (found[part].replace(",", "") for part in ("left", "right", "result"))
        claim = Claim(f"{left} {_SIGNS[found['sign']]} {right}", result)
        # The whole statement must be that one operation, not the end of a longer sum.
        whole = _LEAD.search(text, max(0, found.start() - 8), found.start()) is not None
        value = evaluate(claim.expression)
        if (
            whole
            and value is not None
            and value == evaluate(claim.result)
            and text.index("=", found.end("right")) in true
        ):
            claims.append(claim)
    return tuple(dict.fromkeys(claims))


def open_boxes(text: str) -> str:
    r"""Return a text with what stands in each ``\boxed{…}`` in its place."""
    parts, at = [], 0
    while (begin := text.find("\\boxed{", at)) >= 0:
        depth, end = 1, begin + len("\\boxed{")
        while end < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        if depth:
            break
        parts += [text[at:begin], open_boxes(text[begin + len("\\boxed{") : end - 1])]
        at = end
    return "".join([*parts, text[at:]])
