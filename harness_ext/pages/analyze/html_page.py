"""Writes an analysis as one self-contained HTML page, and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2

from harness_ext.pages.analyze.association import FEATURES
from harness_ext.pages.analyze.figures import figures
from harness_ext.pages.analyze.learnable import LEARNABILITY, LEARNABILITY_TITLES
from synth.privacy.home_folders import without_home, without_homes
from synth.privacy.secrets import SECRETS
from synth.style import KINDS, STAGES

if TYPE_CHECKING:
    from harness_ext.pages.analyze import StyleAnalysis

CAPTIONS: Sequence[tuple[str, str, str]] = (
    (
        "pivots_along",
        "Where pivots fall",
        "Pivots per 100 words in each twentieth of a trace, by kind; mean over the traces of a model.",
    ),
    (
        "stage_strips",
        "Stages",
        (
            "Each strip is one trace, stretched to the same width; up to 24 traces a model, evenly taken from"
            " the file."
        ),
    ),
    (
        "density_by_outcome",
        "Pivots in right and wrong answers",
        (
            "Mean density by kind with 95 % interval. Length is not held constant here; the table below does"
            " that."
        ),
    ),
    (
        "length_accuracy",
        "Length and accuracy",
        (
            "Share of right answers by length of the trace, in up to five groups of equal size a model, with"
            " Wilson intervals."
        ),
    ),
)


def report_html(analysis: "StyleAnalysis") -> str:
    """Return the report as HTML that loads nothing. What models and files are called is escaped."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["number"] = _number
    source = (resources.files("harness_ext.pages.analyze") / "report.html.jinja").read_text(encoding="utf-8")
    drawn = figures(analysis.scored)
    page = environment.from_string(source).render(
        n=len(analysis.scored),
        models=list(dict.fromkeys(group.model for group in analysis.groups)),
        files=analysis.files,
        version=analysis.version,
        groups=analysis.groups,
        kinds=KINDS,
        stages=STAGES,
        learnability=dict(zip(LEARNABILITY, LEARNABILITY_TITLES, strict=True)),
        learnable=[
            group for group in analysis.groups if any(group.means[name] is not None for name in LEARNABILITY)
        ],
        reference=analysis.reference,
        analyses=analysis.associations,
        features=[
            {"feature": feature, "cells": [one.associations[i] for one in analysis.associations]}
            for i, feature in enumerate(FEATURES)
        ],
        figures={name: drawn.get(name, "") for name, _, _ in CAPTIONS},
        captions=CAPTIONS,
        lexicons=analysis.lexicons,
        signature=analysis.signature,
    )
    return SECRETS.text(without_home(page))


def _number(value: float | None, digits: int) -> str:
    if value is None:
        return "\u2013"
    if abs(value) >= 1e4 and digits > 0:
        return f"{value:.1e}"
    return f"{value:,.{digits}f}"


def analysis_json(analysis: "StyleAnalysis") -> dict[str, Any]:
    """Return everything as plain JSON values: one object per response, groups, associations, and the
    signature; home folders are ``~``.
    """
    content: dict[str, Any] = {
        "signature": analysis.signature,
        "reference": {"name": analysis.reference.name, "digest": analysis.reference.digest},
        "lexicons": analysis.lexicons,
        "files": analysis.files,
        "groups": [asdict(group) for group in analysis.groups],
        "associations": [asdict(one) for one in analysis.associations],
        "responses": [one.as_json() for one in analysis.scored],
        "notes": list(analysis.notes),
    }
    return dict(without_homes(content))
