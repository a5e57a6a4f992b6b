"""A report of crosscoders as tables of text."""

from harness_ext.compare.tables import TextTable
from harness_ext.pipelines.crosscode.classes import CLASSES, MOST_ERROR, MOST_MADE
from harness_ext.pipelines.crosscode.report import (
    CARRYING,
    LEANING,
    CrosscodeReport,
    FiringShare,
    ReportedCrosscoder,
)
from harness_ext.pipelines.effect_words import p_words, points, points_interval


def report_tables(report: CrosscodeReport) -> list[TextTable]:
    """Return the tables of a report: how well crosscoders describe rows, whose features there are, where
    groups of them fire, differences from the first, and features one by one.
    """
    tables = [_quality(report), _classes(report)]
    tables += [_shares(one) for one in report.crosscoders if one.shares]
    if report.differences:
        tables.append(_differences(report))
    tables += [_features(one) for one in report.crosscoders if one.features]
    return tables


def report_notes() -> list[str]:
    """Say in a few sentences what the tables show."""
    return [
        (
            "Rows are of problems that were held out of fitting. Explained: of the variance of activations;"
            " difference: of adapter less base, whose variance as a share of the base's is moved."
        ),
        (
            "Classes go by the relative norm of decoder vectors: 0 base only, 0.5 shared, 1 adapter only. Of"
            " those above 0.9, new are the ones that latent scaling confirms: the base has less than"
            f" {MOST_ERROR:g} of them in what is left unexplained, and less than {MOST_MADE:g} in what is"
            " reconstructed (Minder et al. 2025). Leaning are the"
            f" {100 * LEANING:g} % with the largest relative norms."
        ),
        (
            "A feature carries of the adapter's change what its decoder vectors of the two models differ by,"
            " squared, times its squared activations. Carrying are the fewest that carry"
            f" {100 * CARRYING:g} % of it: an adapter that moves what the base already tells apart needs no"
            " new feature."
        ),
        (
            "Share is of a group's firings, chance of all tokens. Their difference has a 95 % t interval over"
            " problems, p is by Holm over the parts of a group (of differences: over all)."
        ),
    ]


def _quality(report: CrosscodeReport) -> TextTable:
    return TextTable(
        "On rows held out",
        (
            "crosscoder",
            "layer",
            "rows",
            "tokens",
            "base, %",
            "adapter, %",
            "difference, %",
            "moved, %",
            "L0",
            "dead, %",
        ),
        tuple(
            (
                one.name,
                str(layer),
                f"{one.rows:,}",
                f"{one.quality.tokens:,}",
                *(_percent(one.quality.explained[model][number]) for model in ("base", "adapter")),
                _percent(one.quality.difference[number]),
                _percent(one.quality.moved[number]),
                f"{one.quality.active:.1f}",
                _percent(one.quality.dead),
            )
            for one in report.crosscoders
            for number, layer in enumerate(one.layers)
        ),
    )


def _classes(report: CrosscodeReport) -> TextTable:
    return TextTable(
        "Features by whose they are",
        ("crosscoder", *CLASSES, "never fired", "new, % of live"),
        tuple(
            (
                one.name,
                *(f"{one.counts[label]:,}" for label in CLASSES),
                f"{one.dead:,}",
                _percent(one.share_new),
            )
            for one in report.crosscoders
        ),
    )


def _shares(one: ReportedCrosscoder) -> TextTable:
    return TextTable(
        f"{one.name}: where features fire",
        (
            "features",
            "n",
            "part",
            "firings",
            "share, %",
            "chance, %",
            "points",
            "95 %",
            "p Holm",
            "above chance",
        ),
        tuple(_share(share) for share in one.shares),
        frozenset({0, 2}),
    )


def _share(one: FiringShare) -> tuple[str, ...]:
    return (
        one.group,
        f"{one.features:,}",
        one.part,
        f"{one.firings:,}",
        _percent(one.share),
        _percent(one.chance),
        points(one.excess),
        points_interval(one.excess),
        p_words(one.p),
        "yes" if one.above else "",
    )


def _differences(report: CrosscodeReport) -> TextTable:
    return TextTable(
        f"Share less chance against {report.differences[0].first}, on the same problems",
        ("crosscoder", "features", "part", "problems", "points", "95 %", "p Holm"),
        tuple(
            (
                one.crosscoder,
                one.group,
                one.part,
                f"{one.difference.n:,}",
                points(one.difference),
                points_interval(one.difference),
                p_words(one.p),
            )
            for one in report.differences
        ),
        frozenset({0, 1, 2}),
    )


def _features(one: ReportedCrosscoder) -> TextTable:
    return TextTable(
        f"{one.name}: new features, then those that carry most of the change",
        (
            "feature",
            "class",
            "fires on",
            "norm",
            "in errors",
            "in made",
            "carried, %",
            "most at",
            "share, %",
            "chance, %",
        ),
        tuple(
            (
                str(feature.feature),
                feature.kind,
                f"{feature.fired:,}",
                f"{feature.relative:.2f}",
                "" if feature.error_ratio is None else f"{feature.error_ratio:.2f}",
                "" if feature.made_ratio is None else f"{feature.made_ratio:.2f}",
                _percent(feature.carried),
                feature.part,
                _percent(feature.share),
                _percent(feature.chance),
            )
            for feature in one.features
        ),
        frozenset({1, 7}),
    )


def _percent(value: float) -> str:
    return f"{100 * value:.1f}".replace("-", "\u2212")
