"""A report of probes as one HTML page that loads nothing: tables, effects by kind, answers reached early."""

from importlib.metadata import version

import jinja2
import matplotlib as mpl
from matplotlib.figure import Figure

from harness_ext.pages.drawing import INK, STYLE, as_svg
from harness_ext.pipelines.probe.report import SHARES, ProbeEffect, ProbeReport
from harness_ext.pipelines.probe.shaded import ShadedPiece
from harness_ext.pipelines.probe.tables import report_notes, report_tables
from synth.privacy.home_folders import without_home
from synth.privacy.secrets import SECRETS

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Probes</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #8884; }
.left { text-align: left; }
.scroll { overflow-x: auto; }
figure { margin: 1rem 0 2rem; }
.trace { white-space: pre-wrap; padding: .5rem 0 1rem; overflow-wrap: anywhere; }
summary { cursor: pointer; }
</style></head><body>
<h1>Do answers hang on their traces?</h1>
{% for caption, svg in figures %}<figure>{{ svg|safe }}<figcaption>{{ caption }}</figcaption></figure>
{% endfor %}{% for one in tables %}<h2>{{ one.title }}</h2>
<div class="scroll"><table><tr>{% for name in one.header %}<th{% if loop.index0 in one.left %} class="left"\
{% endif %}>{{ name }}</th>{% endfor %}</tr>
{% for row in one.rows %}<tr>{% for cell in row %}<td{% if loop.index0 in one.left %} class="left"\
{% endif %}>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
{% endfor %}{% if shaded %}<h2>Traces, each sentence shaded by its effect</h2>
<p>Orange: without the sentence (or with it made wrong) the right answer is less likely. Blue: more likely.
Point at a sentence for its kind and effect.</p>
{% for one in shaded %}<details{% if loop.first %} open{% endif %}><summary>{{ one.run }}, {{ one.task }},
{{ one.item[:12] }}: answer {{ "right" if one.right else "wrong or none" }}; \
{{ "shaded by " ~ one.by if one.by else "not probed by sentence" }}</summary>
<div class="trace">{% for piece in one.pieces %}{% if piece.kind %}<span title="{{ told(piece) }}" \
style="{{ shade(piece) }}">{{ piece.text }}</span>{% else %}{{ piece.text }}{% endif %}{% endfor %}</div>
</details>
{% endfor %}{% endif %}<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>
<p>stylerep {{ version }}</p></body></html>
"""


def report_html(report: ProbeReport) -> str:
    """Return the report as HTML; what runs are called is escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = environment.from_string(_PAGE).render(
        figures=_figures(report),
        tables=report_tables(report),
        notes=report_notes(),
        shaded=report.shaded,
        told=_told,
        shade=_shade,
        version=version("stylerep"),
    )
    return SECRETS.text(without_home(page))


def _told(piece: ShadedPiece) -> str:
    effect = "not probed" if piece.effect is None else f"{100 * piece.effect:+.1f} points"
    return f"{piece.kind.replace('_', ' ')}: {effect}"


def _shade(piece: ShadedPiece) -> str:
    """Return a background as strong as the effect is large."""
    if not piece.effect:
        return ""
    colour = "213, 94, 0" if piece.effect > 0 else "0, 114, 178"
    return f"background: rgba({colour}, {min(abs(piece.effect), 1) * 0.8:.3f})"


def _figures(report: ProbeReport) -> list[tuple[str, str]]:
    with mpl.rc_context(STYLE):
        drawn = []
        if shown := [one for one in report.effects if not one.stage]:
            drawn.append(
                (
                    (
                        "Mean effect on the probability of the right answer, in points, with 95 % intervals"
                        " over items: right of zero, the answer needed what was changed."
                    ),
                    as_svg(_effects(shown)),
                )
            )
        if report.early:
            drawn.append(
                (
                    "Share of items whose stated answer the model would write for good, by share of trace.",
                    as_svg(_early(report)),
                )
            )
        return drawn


def _effects(effects: list[ProbeEffect]) -> Figure:
    """One line a probe and kind, one mark a run."""
    names = list(dict.fromkeys((one.probe, one.kind) for one in effects))
    runs = list(dict.fromkeys(one.run for one in effects))
    figure = Figure(figsize=(9.6, 0.8 + 0.24 * len(names)), layout="constrained")
    axis = figure.subplots()
    axis.axvline(0, color=INK, linewidth=0.8)
    for number, run in enumerate(runs):
        own = [one for one in effects if one.run == run]
        places = [
            names.index((one.probe, one.kind)) + 0.5 * ((number + 1) / (len(runs) + 1) - 0.5) for one in own
        ]
        middle = [100 * one.effect.estimate for one in own]
        lows, highs = (
            [
                100 * abs(one.effect.estimate - getattr(one.effect.interval, side))
                if one.effect.interval
                else 0
                for one in own
            ]
            for side in ("low", "high")
        )
        axis.errorbar(
            *(middle, places),
            xerr=[lows, highs],
            fmt="o",
            markersize=3.5,
            linewidth=1.2,
            color=_COLOURS[number % len(_COLOURS)],
            label=run[:40],
        )
    axis.set_yticks(range(len(names)), [f"{probe} {kind}".replace("_", " ").strip() for probe, kind in names])
    axis.invert_yaxis()
    axis.set_xlabel("points")
    axis.legend(loc="best")
    return figure


def _early(report: ProbeReport) -> Figure:
    figure = Figure(figsize=(9.6, 2.8), layout="constrained")
    axis = figure.subplots()
    for number, one in enumerate(report.early):
        axis.plot(
            [100 * share for share in SHARES],
            [100 * value for value in one.reached],
            color=_COLOURS[number % len(_COLOURS)],
            label=one.run[:40],
        )
    axis.set_xlabel("share of the trace's words, %")
    axis.set_ylabel("items, %")
    axis.set_ylim(0, 100)
    axis.legend(loc="best")
    return figure
