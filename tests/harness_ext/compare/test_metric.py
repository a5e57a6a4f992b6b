"""Runs are compared on one metric, which is said, and so is where another one says otherwise."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness_ext.compare import compare, load_claims, report_json
from harness_ext.compare.tables import report_notes, report_tables
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import write_run, write_scored

NONE = [0.0] * 6


def test_what_accuracy_is_stands_in_title_json_and_signature(tmp_path: Path) -> None:
    base = write_scored(tmp_path / "base", exact_match=NONE, math_verify=[1.0, 0, 0, 0, 0, 0])
    other = write_scored(tmp_path / "other", exact_match=[1.0, *NONE[1:]], math_verify=[1.0, 1, 1, 1, 0, 0])
    report = compare([base, other])
    content = report_json(report)
    assert report_tables(report)[0].title == "sums, accuracy is math_verify, n = 6, compared with base"
    assert [(cell["metric"], round(cell["acc"], 2)) for cell in content["cells"]] == [
        ("math_verify", 0.17),
        ("math_verify", 0.67),
    ]
    assert content["comparisons"][0]["metric"] == "math_verify"
    assert "|metric:math_verify|margin:0.05|" in content["comparisons"][0]["signature"]
    assert all(
        "|metric:math_verify|" in beside["signature"] for beside in content["comparisons"][0]["beside"]
    )
    assert report.notes == [
        "sums: accuracy is math_verify; by exact_match it is 0.0 % and not 16.7 % in base (1 of 6 items"
        " differ), 16.7 % and not 66.7 % in other (3 of 6 items differ) (--metric)."
    ]
    assert report.notes[0] in report_notes(report)


def test_another_metric_may_be_asked_for(tmp_path: Path) -> None:
    base = write_scored(tmp_path / "base", exact_match=NONE, math_verify=[1.0, 0, 0, 0, 0, 0])
    other = write_scored(
        tmp_path / "other", exact_match=[1.0, 1, *NONE[2:]], math_verify=[1.0, 1, 1, 1, 0, 0]
    )
    report = compare([base, other], metric="exact_match")
    assert report.comparisons[0].result.estimate == pytest.approx(2 / 6)
    assert report.comparisons[0].metric == "exact_match"
    assert "by math_verify it is 16.7 % and not 0.0 % in base" in report.notes[0]


def test_metrics_that_agree_everywhere_need_no_word(tmp_path: Path) -> None:
    same = [1.0, 0, 1, 0, 1, 1]
    report = compare(
        [write_scored(tmp_path / name, exact_match=same, math_verify=same) for name in ("a", "b")]
    )
    assert report.notes == []
    ours = [
        write_run(tmp_path / name, [1, 0], style={"answered": [0, 1], "trace_present": [0, 0]})
        for name in ("c", "d")
    ]
    report = compare(ours)
    assert report.notes == []
    assert report_tables(report)[0].title == "style_arith, n = 2, compared with c"
    assert "|metric:acc|" in report.comparisons[0].signature


def test_metrics_of_one_mean_that_differ_in_items_are_told(tmp_path: Path) -> None:
    runs = [
        write_scored(tmp_path / name, acc=[1.0, 0, 1, 0], acc_norm=[0.0, 1, 1, 0], exact=[1.0, 0, 1, 1])
        for name in ("a", "b")
    ]
    assert compare(runs).notes == [
        (
            "sums: accuracy is acc; by acc_norm it is 50.0 % too in a (2 of 4 items differ), 50.0 % too in b"
            " (2 of 4 items differ) (--metric)."
        ),
        (
            "sums: accuracy is acc; by exact it is 75.0 % and not 50.0 % in a (1 of 4 items differ), 75.0 %"
            " and not 50.0 % in b (1 of 4 items differ) (--metric)."
        ),
    ]


def test_runs_are_not_compared_on_different_metrics(tmp_path: Path) -> None:
    new = write_scored(tmp_path / "new", exact_match=[0.0, 1], math_verify=[1.0, 1])
    old = write_scored(tmp_path / "old", exact_match=[0.0, 0])
    with pytest.raises(
        StylerepError,
        match=r"^sums: accuracy is math_verify in .*new and exact_match in .*old; name one that both have with --metric \(exact_match\)\.$",  # noqa: E501
    ):
        compare([new, old])
    with pytest.raises(
        StylerepError,
        match=r"old, sums: there is no metric 'math_verify' with one number for each item; there are exact_match\.$",  # noqa: E501
    ):
        compare([new, old], metric="math_verify")
    assert compare([new, old], metric="exact_match").comparisons[0].result.estimate == -0.5
    with pytest.raises(
        StylerepError, match=r"and acc in .*ours; stylerep import grades the responses of both alike\.$"
    ):
        compare([new, write_scored(tmp_path / "ours", acc=[1.0, 0])])


def test_a_metric_that_is_nowhere_is_a_mistake(tmp_path: Path, stylerep_here: Any) -> None:
    runs = [write_scored(tmp_path / name, exact_match=[0.0, 1], math_verify=[1.0, 1]) for name in ("a", "b")]
    result = stylerep_here("compare", *runs, "--metric", "f1")
    assert result.returncode == 2
    assert (
        "--metric f1: no task that runs share has such a metric with one number for each item; there are"
        " exact_match, math_verify." in result.stderr
    )
    result = stylerep_here("compare", *runs)
    assert result.returncode == 0
    assert "accuracy is math_verify" in result.stdout
    assert "exact_match" in result.stdout


def test_a_metric_holds_where_it_is_and_other_tasks_keep_theirs(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_scored(tmp_path / name, exact_match=[0.0, 1], math_verify=[1.0, 1])
        write_scored(tmp_path / name, task="words", acc=[1.0, 0])
    report = compare([tmp_path / "a", tmp_path / "b"], metric="exact_match")
    assert [(cell.task, cell.metric) for cell in report.cells[:2]] == [
        ("sums", "exact_match"),
        ("words", "acc"),
    ]
    assert "words has no metric exact_match; its accuracy is acc." in report.notes
    together = compare([tmp_path / "a", tmp_path / "b"], by="arm", metric="exact_match")
    assert "|metric:exact_match+acc|" in together.comparisons[0].signature


def test_every_filter_is_compared_by_its_own_scores(tmp_path: Path) -> None:
    for name, strict in (("a", [0.0, 0, 0]), ("b", [0.0, 1, 0])):
        write_scored(tmp_path / name, filter_name="strict-match", exact_match=strict)
        write_scored(
            tmp_path / name, filter_name="flexible-extract", **{"exact_match,flexible-extract": [1.0, 1, 0]}
        )
    report = compare([tmp_path / "a", tmp_path / "b"])
    assert [(cell.task, cell.metric, round(cell.accuracy, 2)) for cell in report.cells[:2]] == [
        ("sums:strict-match", "exact_match", 0.0),
        ("sums:flexible-extract", "exact_match", 0.67),
    ]


@pytest.mark.parametrize(
    ("metrics", "chosen"),
    [
        ({"pass@1": [1, 0, 0]}, "pass@1"),
        ({"pass@1": [0.25, 0.5, 0], "pass@10": [1.0, 1, 0]}, "pass@1"),
        ({"exact_match,none": [1.0, 0, 1], "bleu": [31.0, 2.5, 8]}, "exact_match"),
        (
            {
                "inst_level_strict_acc": [[True], [True, False], [False]],
                "prompt_level_loose_acc": [True, True, False],
                "prompt_level_strict_acc": [True, False, False],
            },
            "prompt_level_strict_acc",
        ),
        ({"exact_match": [1.0, 0, 1], "exact_match,none": [1.0, 1, 1]}, "exact_match"),
        ({"right\x1b[31m": [1.0, 0, 1]}, "right\ufffd[31m"),
        ({"is_fluent": [1.0, 1, 1], "f1": [0.3, 0.1, 1]}, "is_fluent"),
        ({"likes_cats": [1, 1, 0], "likes_dogs": [1, 1, 0]}, "likes_cats"),
        ({"answered": [1.0, 1, 1], "em": [1.0, 0, 0]}, "em"),
    ],
)
def test_accuracy_is_found_by_name_or_as_the_only_0_or_1(
    tmp_path: Path, metrics: dict[str, list[object]], chosen: str
) -> None:
    report = compare([write_scored(tmp_path / name, **metrics) for name in ("a", "b")])
    assert report.cells[0].metric == chosen


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        (
            {"bleu": [31.0, 2.5]},
            r"a, sums: no metric is accuracy, .*; there are bleu \(2.5 to 31\) \(--metric\)\.$",
        ),
        (
            {"f1": [0.5, 0.2], "rouge": [0.1, 0.2]},
            r"there are f1 \(0.2 to 0.5\), rouge \(0.1 to 0.2\) \(--metric\)\.$",
        ),
        (
            {"inst_level_strict_acc": [[True], [False]]},
            r"there is none with one number for each item \(--metric\)\.$",
        ),
        (
            {"likes_cats": [1, 0], "likes_dogs": [0, 1]},
            r"a, sums: accuracy could be any of likes_cats, likes_dogs; name one with --metric\.$",
        ),
        (
            {"exact_match": [1.0, None]},
            r"no metric that could be accuracy is there for every item; there are exact_match \(1 to 1\)\.$",
        ),
    ],
)
def test_what_is_no_accuracy_is_refused(tmp_path: Path, metrics: dict[str, list[object]], says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        compare([write_scored(tmp_path / name, **metrics) for name in ("a", "b")])


def test_a_share_is_compared_if_it_is_asked_for_and_nothing_beyond_1(tmp_path: Path) -> None:
    runs = [
        write_scored(tmp_path / name, f1=[0.5, 0.2 + shift], bleu=[31.0, 2])
        for name, shift in (("a", 0.0), ("b", 0.1))
    ]
    assert compare(runs, metric="f1").comparisons[0].result.estimate == pytest.approx(0.05)
    with pytest.raises(
        StylerepError, match=r"a, sums, item 0+: bleu must lie between 0 and 1, found 31\.0\.$"
    ):
        compare(runs, metric="bleu")


def test_the_recorded_score_of_an_import_is_told_and_can_be_compared(tmp_path: Path) -> None:
    runs = [write_scored(tmp_path / name, acc=[1.0, 1, 0], recorded=[1.0, 0, 0]) for name in ("a", "b")]
    assert "by recorded it is 33.3 % and not 66.7 % in a (1 of 3 items differ)" in compare(runs).notes[0]
    assert compare(runs, metric="recorded").cells[0].accuracy == pytest.approx(1 / 3)


def test_claims_are_judged_on_the_metric(tmp_path: Path) -> None:
    runs = []
    for arm, right in (("base", 0.0), ("hc", 1.0)):
        runs.append(write_scored(tmp_path / arm, exact_match=[0.0] * 20, math_verify=[right] * 20))
        (tmp_path / arm / "manifest.json").write_text(
            json.dumps({"arm": arm, "base_model": "m"}), encoding="utf-8"
        )
    (tmp_path / "claims.yaml").write_text("claims: [{better: [hc, base], task: sums}]", encoding="utf-8")
    claims = load_claims(tmp_path / "claims.yaml")
    for metric, outcome in ((None, "met"), ("exact_match", "inconclusive")):
        judgement = compare(runs, metric=metric, claims=claims).judgement
        assert judgement is not None
        assert judgement.outcome.value == outcome
        assert f"|metric:{metric or 'math_verify'}|" in judgement.results[0].findings[0].signature
