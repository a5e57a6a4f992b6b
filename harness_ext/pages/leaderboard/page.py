"""Writes the pages of a board: the ranking, and the viewer of its traces."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2

from harness_ext.compare.tables import STYLE_TITLES
from harness_ext.pages.drawing import KIND_COLOURS, STAGE_COLOURS
from harness_ext.pages.leaderboard.board import FRONTS, STYLE, Board, Entry, Figure, View
from harness_ext.pages.leaderboard.scatter import front_members, scatter, short
from synth.errors import StylerepError
from synth.files.replace_file import write_text

_MEANINGS = {
    "style_adherence": "How close the style is to that of long reasoning, 0 to 1; length does not count",
    "pivot_density": "Phrases that turn the reasoning, per 100 words",
    "pivot_kinds": "How many of the four kinds of pivot occur",
    "stage_coverage": "Share of the four stages that occur",
    "trace_words": "Words in the trace",
    "answered": "Share of responses that state an answer",
}
TITLES = {name: (STYLE_TITLES[name], meaning) for name, meaning in _MEANINGS.items()}
_DIGITS = {"trace_words": 0}


def write_pages(board: Board, catalogue: Mapping[str, Any], folder: Path) -> None:
    """Write index.html and traces.html to *folder*.

    *catalogue* says what the viewer can load: under "columns" and "runs" the id and label of each, of a
    column its set, and in which shards items and responses lie. Pages load nothing from elsewhere,
    and run no script but their own.
    """
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.globals |= {"styles": STYLE, "titles": TITLES, "fronts": FRONTS}
    environment.filters |= {
        "percent": _percent,
        "interval": _interval,
        "style": _style,
        "plain": _plain,
        "short": short,
    }
    css = _asset("board.css")
    ranking = _script(f"{_tables_library()}\n{_asset('board.js')}", "module")
    ready = _script('document.documentElement.classList.add("js")')
    index = environment.from_string(_asset("index.html.jinja")).render(
        board=board,
        views=[_view(view, board, catalogue) for view in board.views],
        families=sorted({run.family for run in board.runs}),
        arms=sorted({run.arm for run in board.runs}),
        measured=_measured(board),
        baseline=next(
            (
                entry.label
                for view in board.views
                for entry in (*view.entries, *view.unranked)
                if entry.key == board.baseline
            ),
            "",
        ),
        css=_library_file("dt_bundle.css") + css,
        policy=_policy([ready, ranking]),
        ready=ready[0],
        script=ranking[0],
    )
    viewer = _script(f"{_asset('response.js')}\n{_asset('traces.js')}")
    traces = environment.from_string(_asset("traces.html.jinja")).render(
        board=board,
        css=css + _layers(),
        kinds=list(KIND_COLOURS),
        stages=list(STAGE_COLOURS),
        catalogue=_json(
            dict(catalogue)
            | {
                "kinds": list(KIND_COLOURS),
                "stages": list(STAGE_COLOURS),
                "titles": {name: TITLES[name][0] for name in STYLE},
            }
        ),
        policy=_policy([ready, viewer], "'self' file:"),
        ready=ready[0],
        script=viewer[0],
    )
    write_text(folder / "traces.html", traces)
    write_text(folder / "index.html", index)


def _view(view: View, board: Board, catalogue: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the template shows of a view: its rows, and a figure for each style score that it has."""
    stored = {run["id"]: run["parts"] for run in catalogue["runs"]}
    own = [column.id for column in view.columns]
    rows = []
    for entry in view.entries:
        run, column = next(
            ((run.id, one) for run in entry.runs for one in own if one in stored.get(run.id, {})), ("", "")
        )
        rows.append(
            {
                "entry": entry,
                "first": entry.runs[0],
                "run": run,
                "column": column,
                "decoding": _decoding(entry),
            }
        )
    figures = []
    for score in FRONTS:
        if svg := scatter(view.entries, score, TITLES[score][0], f"{view.id}-{score}"):
            front = [(one, one.fronts[score].share) for one in front_members(view.entries, score)]
            figures.append({"score": score, "svg": svg, "front": front})
    return {
        "view": view,
        "rows": rows,
        "figures": figures,
        "recorded": any(entry.recorded is not None for entry in view.entries),
        "tasks": board.columns if len(view.columns) > 1 else (),
    }


def _measured(board: Board) -> list[dict[str, Any]]:
    """Return for each entry of the board which columns it has and how its responses were decoded;
    what few have is marked.
    """
    entries: dict[str, Entry] = {}
    tasks: dict[str, set[str]] = {}
    for view in board.views:
        for entry in (*view.entries, *view.unranked):
            entries.setdefault(entry.key, entry)
            tasks.setdefault(entry.key, set()).update(entry.tasks)
    usual = Counter(_decoding(entry) for entry in entries.values()).most_common(1)
    return [
        {
            "entry": entry,
            "first": entry.runs[0],
            "has": tasks[key],
            "decoding": (own := _decoding(entry)),
            "unusual": bool(usual) and own != usual[0][0],
        }
        for key, entry in entries.items()
    ]


def _decoding(entry: Entry) -> str:
    return "; ".join(dict.fromkeys(run.decoding for run in entry.runs))


def _percent(figure: Figure | None) -> str:
    return "\u2013" if figure is None else f"{100 * figure.estimate:.1f}"


def _interval(figure: Figure) -> str:
    return f"[{100 * figure.interval.low:.1f}, {100 * figure.interval.high:.1f}]" if figure.interval else ""


def _style(value: float, score: str) -> str:
    return f"{value:,.{_DIGITS.get(score, 2)}f}"


def _plain(value: float) -> str:
    """Write a number for a style sheet or for sorting."""
    return f"{value:.5g}"


def _layers() -> str:
    """Return the colours of pivots and stages as a style sheet."""
    kinds = (f"--kind-{i}:{colour}" for i, colour in enumerate(KIND_COLOURS.values()))
    stages = (f"--stage-{i}:{colour}" for i, colour in enumerate(STAGE_COLOURS.values()))
    return f":root{{{';'.join((*kinds, *stages))}}}\n"


def _asset(name: str) -> str:
    return (resources.files("harness_ext.pages.leaderboard") / "assets" / name).read_text(encoding="utf-8")


def _library_file(name: str) -> str:
    return (resources.files("itables") / "html" / name).read_text(encoding="utf-8")


def _tables_library() -> str:
    """Return DataTables as a script that leaves it under the name DataTable."""
    text = _library_file("dt_bundle.js")
    found = list(re.finditer(r"export\s*\{([^}]*)\}\s*;?", text))
    name = re.search(r"([\w$]+) as default", found[-1][1]) if found else None
    if name is None or "</script" in text.lower():
        raise StylerepError(
            "The installed itables holds DataTables in a form that is not known here; install"
            " itables>=2.5,<3."
        )
    return f"{text[: found[-1].start()]}const DataTable={name[1]};"


def _script(text: str, kind: str = "") -> tuple[str, str]:
    """Return a script element, and the digest by which a policy allows it."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"<script{f' type={kind}' if kind else ''}>{text}</script>", f"'sha256-{digest}'"


def _policy(scripts: list[tuple[str, str]], more: str = "") -> str:
    sources = " ".join([digest for _, digest in scripts] + ([more] if more else []))
    return (
        f"default-src 'none'; script-src {sources}; style-src 'unsafe-inline'; img-src data:; connect-src"
        " 'none'; base-uri 'none'; form-action 'none'; object-src 'none'"
    )


def _json(value: object) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return json.dumps(value).replace("<", "\\u003c")
