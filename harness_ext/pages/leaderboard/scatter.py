"""Accuracy against a style score, as SVG: matplotlib draws the axes and the front, entries are put in as
groups that a page can hide and light up.
"""

import re
import unicodedata
from collections.abc import Sequence
from html import escape

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harness_ext.pages.drawing import INK, STYLE, as_svg
from harness_ext.pages.leaderboard.board import LOWER_IS_BETTER, Entry

_WIDTH, _HEIGHT = 7.2, 4.0
_LABELS = 12
_LETTER, _LINE = 4.6, 9.0


def scatter(entries: Sequence[Entry], score: str, title: str, name: str) -> str:
    """Return the figure of the entries that have accuracy and *score*, an empty string if none has.

    *name* keeps its ids apart from those of other figures on a page. Each entry is a group of class "point"
    whose data-key is the entry's.
    """
    shown = [entry for entry in entries if entry.accuracy and score in entry.style]
    if not shown:
        return ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=72, layout="constrained")
        axis = figure.subplots()
        x = [entry.style[score] for entry in shown]
        low, high = min(x), max(x)
        room = 0.06 * (high - low) or 0.1 * abs(high) or 0.1
        axis.set_xlim(max(0.0, low - room) if low >= 0 else low - room, high + room)
        limits = [bound for entry in shown for bound in _limits(entry)]
        axis.set_ylim(max(-2.0, min(limits) - 3), min(102.0, max(limits) + 3))
        axis.xaxis.set_major_locator(MaxNLocator(6))
        axis.yaxis.set_major_locator(MaxNLocator(6))
        axis.set_xlabel(f"{title} ({'less' if score in LOWER_IS_BETTER else 'more'} is better)")
        axis.set_ylabel("accuracy, %")
        if front := sorted((entry.style[score], _percent(entry)) for entry in front_members(shown, score)):
            axis.step(
                *zip(*front, strict=True),
                where="post" if score in LOWER_IS_BETTER else "pre",
                color=INK,
                linewidth=1,
                linestyle=(0, (4, 2)),
            )
        text = _own_ids(as_svg(figure), name)
        places = [
            [
                (float(a), 72 * _HEIGHT - float(b))
                for a, b in axis.transData.transform([(at, y) for y in (_percent(one), *_limits(one))])
            ]
            for at, one in zip(x, shown, strict=True)
        ]
    points = [_point(entry, place, score, title) for entry, place in zip(shown, places, strict=True)]
    labels = _labels(shown, places, score)
    end = text.rindex("</svg>")
    says = f"Accuracy against {title}: {len(shown)} entries; the caption lists the front."
    opening = f'<svg aria-label="{escape(says)}"'
    return opening + text[4:end] + "".join(points) + "".join(labels) + "</svg>"


def front_members(entries: Sequence[Entry], score: str) -> list[Entry]:
    """Return the entries on the front of accuracy and *score*, in their order."""
    return [entry for entry in entries if (front := entry.fronts.get(score)) and front.member]


def short(name: str, longest: int = 120) -> str:
    """Return a name without what would fill a page."""
    return name if len(name) <= longest else name[: longest - 1] + "\u2026"


def _simple(name: str) -> str:
    """Return a name without marks that reach over its line and characters that turn or hide text."""
    return "".join(
        one for one in unicodedata.normalize("NFC", name) if unicodedata.category(one)[0] not in "MC"
    )


def _percent(entry: Entry) -> float:
    return 100 * entry.accuracy.estimate if entry.accuracy else 0.0


def _limits(entry: Entry) -> tuple[float, float]:
    interval = entry.accuracy.interval if entry.accuracy else None
    return (100 * interval.low, 100 * interval.high) if interval else (_percent(entry), _percent(entry))


def _point(entry: Entry, place: list[tuple[float, float]], score: str, title: str) -> str:
    """Return the group of one entry: its name, its interval as a line, and a mark, filled on the front."""
    (x, y), (_, low), (_, high) = place
    front = entry.fronts.get(score)
    bounds = _limits(entry)
    says = (
        f"{short(entry.label)}: accuracy {_percent(entry):.1f} % [{bounds[0]:.1f}, {bounds[1]:.1f}], {title}"
        f" {entry.style[score]:,.2f}"
    )
    says += f", on the front in {front.share:.0%} of bootstrap draws" if front else ""
    return (
        f'<g class="point{" front" if front and front.member else ""}"'
        f' data-key="{escape(entry.key)}"><title>{escape(says)}</title><path d="M{x:.1f}'
        f' {low:.1f}V{high:.1f}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/></g>'
    )


def _labels(shown: Sequence[Entry], places: list[list[tuple[float, float]]], score: str) -> list[str]:
    """Name all entries if they are few, else those on the front, where a name finds room beside its point."""
    named = list(shown) if len(shown) <= _LABELS else front_members(shown, score)
    if len(named) > _LABELS:
        return []
    # A label may cover no point and no other label.
    taken = [(x - 4, y - 4, x + 4, y + 4) for (x, y), *_ in places]
    labels = []
    for entry, ((x, y), *_) in zip(shown, places, strict=True):
        if entry not in named:
            continue
        name = short(_simple(entry.label), 32)
        width = _LETTER * len(name)
        for left, middle in ((x + 6, y - 4), (x + 6, y + 7), (x - 6 - width, y - 4), (x - 6 - width, y + 7)):
            box = (left, middle - _LINE / 2, left + width, middle + _LINE / 2)
            if box[0] >= 40 and box[2] <= 72 * _WIDTH and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                labels.append(
                    f'<text class="name" data-key="{escape(entry.key)}" x="{left:.1f}"'
                    f' y="{middle + 3:.1f}">{escape(name)}</text>'
                )
                break
    return labels


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _own_ids(svg: str, name: str) -> str:
    """Drop the ids that nothing refers to, and put *name* before the others."""
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg))
    kept = {one or other for one, other in used}
    svg = re.sub(r' id="([^"]+)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in kept else "", svg)
    svg = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r"<!--.*?-->\s*|<defs>\s*<style[^>]*>.*?</style>\s*</defs>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]*; ", "", svg).replace(INK, "currentColor")
    return re.sub(r"\n\s*", " ", svg.replace(' role="img"', ' role="group"', 1))
