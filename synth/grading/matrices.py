r"""Matrices and vectors as rows of entries, however they are typeset: ``\begin{bmatrix}``, an array in
brackets, ``[[5,0],[-1,4]]``, ``(1,2)^T``.

Texts are in the wording of `formula_form`.
"""

import re

from synth.grading.answers_in_parts import as_tuple, split_outside

_KINDS = r"[pbB]?matrix|[pb]?smallmatrix|array"
_BEGUN = re.compile(
    rf"\\begin\s?\{{\s?(?P<kind>{_KINDS})\*?\s?\}}(?:\s?\[[^\]]{{0,20}}\])?(?:\s?\{{[lcrp@|:\s]{{0,40}}\}})?"
)
_ENDED = re.compile(rf"\\end\s?\{{\s?(?:{_KINDS})\*?\s?\}}")
_NAMED = re.compile(
    r"\s*(?:\\?[A-Za-z]+(?:_\{[^{}]{1,12}\}|_\w)?(?:\^\{?(?:-1|T|\\top|\\prime)\}?)?|\\text\{[^{}]{1,60}\})\s*[=:]\s*"
)
_TRANSPOSED = re.compile(
    r"\s*\^\s?\{?\s?(?:T|t|\\top|\\intercal|\\text\{\s?T\s?\}|\\mathsf\s?\{?T\}?|\\mathsf T)\s?\}?\s*"
)
_ROW_END = re.compile(r"\\\\(?:\s?\[[^\]]{0,12}\]|\*)?")
_LINES = re.compile(r"\\(?:hline|cline\{[^{}]*\}|noalign\{[^{}]*\}|(?:small|med|big)skip)")
_TIMES = re.compile(r"\s*(?:\\times|\*)?\s*")
_BINOMIAL = re.compile(r"\\binom\s?\{([^{}]{1,60})\}\s?\{([^{}]{1,60})\}")
_MOST_ENTRIES = 400
Matrix = list[list[str]]


def is_matrix(text: str) -> bool:
    """Say whether there is a matrix in a text."""
    return _BEGUN.search(text) is not None


def matrix(text: str) -> Matrix | None:
    """Return the rows of a text that is one matrix, multiplied by the number that may stand before,
    after or below it; else None.
    """
    plain = _BINOMIAL.sub(r"\\begin{pmatrix} \1 \\\\ \2 \\end{pmatrix}", _unnamed(text))
    begun = list(_BEGUN.finditer(plain))
    if not begun:
        return _listed(plain)
    ended = list(_ENDED.finditer(plain))
    if len(begun) != 1 or len(ended) != 1 or ended[0].start() < begun[0].end():
        return None
    before, inside, after = (
        plain[: begun[0].start()].strip(),
        plain[begun[0].end() : ended[0].start()],
        plain[ended[0].end() :].strip(),
    )
    rows = [
        split_outside(row, re.compile("&")) for row in _ROW_END.split(_LINES.sub("", inside)) if row.strip()
    ]
    name, equals, factor = before.rpartition("=")
    if re.match(r"\s*[-\d]", name):
        return None
    before = re.sub(r"\\text\{[^{}]*\}", "", factor if equals else before).strip()
    if before[-1:] in ("(", "[") and after[:1] in (")", "]"):
        before, after = before[:-1].strip(), after[1:].strip()
    if transposed := _TRANSPOSED.match(after):
        rows, after = _turned(rows), after[transposed.end() :]
    if (
        not rows
        or len({len(row) for row in rows}) != 1
        or len(rows) * len(rows[0]) > _MOST_ENTRIES
        or not all(all(row) for row in rows)
    ):
        return None
    return _multiplied(rows, before, after)


def unit_vectors(entries: list[str]) -> str | None:
    """Return a vector of two or three entries as a sum of multiples of i, j and k."""
    return (
        "+".join(f"({entry}){letter}" for entry, letter in zip(entries, "ijk", strict=False))
        if 2 <= len(entries) <= 3
        else None
    )


def column(text: str) -> list[str] | None:
    """Return the entries of a tuple, which may stand for a vector."""
    listed = as_tuple(_unnamed(text))
    return listed.parts if listed else None


def _unnamed(text: str) -> str:
    named = _NAMED.match(text.strip())
    return text.strip()[named.end() :] if named else text.strip()


def _listed(plain: str) -> Matrix | None:
    if found := re.fullmatch(r"(.+[)\]}])(\s*\^.{1,20})", plain):
        row = as_tuple(found[1]) if _TRANSPOSED.fullmatch(found[2]) else None
        return [[entry] for entry in row.parts] if row else None
    rows = as_tuple(plain)
    cells = [as_tuple(row) for row in rows.parts] if rows and rows.brackets == "[" else []
    if (
        cells
        and all(cell and cell.brackets == "[" for cell in cells)
        and len({len(cell.parts) for cell in cells if cell}) == 1
    ):
        return [cell.parts for cell in cells if cell]
    if rows and rows.brackets == "[" and all(re.fullmatch(r"\[[^\[\],]+\]", row) for row in rows.parts):
        return [[row[1:-1].strip()] for row in rows.parts]
    return None


def _turned(rows: Matrix) -> Matrix:
    return (
        [list(entries) for entries in zip(*rows, strict=False)]
        if len({len(row) for row in rows}) == 1
        else []
    )


def _multiplied(rows: Matrix, before: str, after: str) -> Matrix | None:
    factor = (
        _TIMES.sub("", before[::-1], count=1)[::-1]
        if before.endswith("*")
        else re.sub(r"\\times\s*\Z", "", before).strip()
    )
    if factor in ("-", "+"):
        factor += "1"
    if "=" in factor or "\\begin" in factor:
        return None
    over = after.startswith("/")
    other = after[1:].strip() if over else _TIMES.sub("", after, count=1)
    if re.match(r"[-+]", other):
        return None
    for number, form in (
        (factor, "({n})({entry})"),
        (other, "\\frac{{{entry}}}{{{n}}}" if over else "({n})({entry})"),
    ):
        if number:
            rows = [[form.format(n=number, entry=entry) for entry in row] for row in rows]
    return rows
