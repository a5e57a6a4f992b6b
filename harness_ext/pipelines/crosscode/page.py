"""A report of crosscoders as one HTML page that loads nothing: tables, norms, where features fire."""

from importlib.metadata import version

import jinja2
import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from harness_ext.pages.drawing import INK, STYLE, as_svg
from harness_ext.pipelines.crosscode.classes import EDGES
from harness_ext.pipelines.crosscode.contexts import ContextPiece
from harness_ext.pipelines.crosscode.report import CrosscodeReport
from harness_ext.pipelines.crosscode.tables import report_notes, report_tables
from synth.privacy.home_folders import without_home
from synth.privacy.secrets import SECRETS

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Crosscoders</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #8884; }
.left { text-align: left; }
.scroll { overflow-x: auto; }
figure { margin: 1rem 0 2rem; }
.context { white-space: pre-wrap; padding: .25rem 0 .5rem; overflow-wrap: anywhere; }
summary { cursor: pointer; }
</style></head><body>
<h1>What changed inside?</h1>
<figure>{{ norms|safe }}<figcaption>Features that fire, by relative decoder norm, on a scale of logarithms: 0
only in the base, 0.5 in both alike, 1 only with the adapter. Lines part the classes.</figcaption></figure>
{% for one in tables %}<h2>{{ one.title }}</h2>
<div class="scroll"><table><tr>{% for name in one.header %}<th{% if loop.index0 in one.left %} class="left"\
{% endif %}>{{ name }}</th>{% endfor %}</tr>
{% for row in one.rows %}<tr>{% for cell in row %}<td{% if loop.index0 in one.left %} class="left"\
{% endif %}>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></div>
{% endfor %}{% for one in crosscoders %}<h2>{{ one.name }}: where features fire most strongly</h2>
<p>Marked are the tokens on which the feature fires, the more the stronger; one text a row.</p>
{% for feature in one.features %}<details{% if loop.first %} open{% endif %}><summary>{{ feature.feature }}, \
{{ feature.kind }}, relative norm {{ "%.2f"|format(feature.relative) }}, \
{{ "%.1f"|format(100 * feature.carried) }} % of the change, on {{ feature.fired }} tokens, most at \
{{ feature.part }}</summary>
{% for context in feature.contexts %}<div class="context" title="{{ context.arm }}, {{ context.row }}">\
{% for piece in context.pieces %}{% if piece.strength %}<mark title="{{ piece.strength }}" \
style="{{ shade(piece) }}">{{ piece.text }}</mark>{% else %}{{ piece.text }}{% endif %}{% endfor %}</div>
{% endfor %}</details>
{% endfor %}{% endfor %}<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>
<p>stylerep {{ version }}</p></body></html>
"""


def report_html(report: CrosscodeReport) -> str:
    """Return the report as HTML; texts of rows, and names, are escaped."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    with mpl.rc_context(STYLE):
        norms = as_svg(_norms(report))
    page = environment.from_string(_PAGE).render(
        norms=norms,
        tables=report_tables(report),
        notes=report_notes(),
        crosscoders=report.crosscoders,
        shade=_shade,
        version=version("stylerep"),
    )
    return SECRETS.text(without_home(page))


def _shade(piece: ContextPiece) -> str:
    return f"color: inherit; background: rgba(213, 94, 0, {0.15 + 0.65 * piece.strength:.3f})"


def _norms(report: CrosscodeReport) -> Figure:
    figure = Figure(figsize=(9.6, 2.8), layout="constrained")
    axis = figure.subplots()
    for edge in EDGES:
        axis.axvline(edge, color=INK, linewidth=0.6, linestyle=":")
    for number, one in enumerate(report.crosscoders):
        width = 1 / len(one.histogram)
        edges = [place * width for place in range(len(one.histogram) + 1)]
        axis.stairs(
            one.histogram, edges, color=_COLOURS[number % len(_COLOURS)], linewidth=1.2, label=one.name[:40]
        )
    axis.set_yscale("symlog", linthresh=1)
    # the scale's own would write mathematics, which stands as it is in an SVG with texts
    axis.yaxis.set_major_formatter(FuncFormatter(lambda features, _: f"{features:,.0f}"))
    axis.set_xlim(0, 1)
    axis.set_xlabel("relative decoder norm")
    axis.set_ylabel("features")
    axis.legend(loc="best")
    return figure
