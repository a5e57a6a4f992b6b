r"""Angles, segments, triangles and vectors that are named by their points:
``\angle ABC`` is ``\angle CBA`` and not ``\angle ACB``.
"""

import re

_NAMED = re.compile(
    r"(?:m\s?)?(?:\\(?P<kind>angle|measuredangle|triangle|overline|vec|overrightarrow)(?![A-Za-z])\s*|(?P<sign>[\u2220\u25b3\u0394])\s*)?\{?\s?(?P<points>[A-Z]{2,8})\s?\}?"
)
_KINDS = {
    "measuredangle": "angle",
    "\u2220": "angle",
    "\u25b3": "triangle",
    "\u0394": "triangle",
    "overrightarrow": "vec",
}


def same_figure(own: str, right: str) -> bool | None:
    """Say whether two names of figures name the same one, None if they are no such names.

    An angle may be read from either side, and a segment from either end;
    the points of a triangle or a vector stay in their order.
    """
    one, other = _NAMED.fullmatch(own.strip()), _NAMED.fullmatch(right.strip())
    if one is None or other is None:
        return None
    kinds = {_KINDS.get(kind, kind) for found in (one, other) if (kind := found["kind"] or found["sign"])}
    if len(kinds) > 1:
        return False
    kind, points = next(iter(kinds), ""), one["points"]
    turned = kind == "angle" or (len(points) == 2 and kind in ("", "overline"))
    return points == other["points"] or (turned and points[::-1] == other["points"])
