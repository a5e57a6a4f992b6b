"""Hypotheses declared beforehand: reading them, judging them, and telling before from after."""

from pathlib import Path

import numpy as np
import pytest

from harness_ext.compare import Outcome, claims_digest, compare, load_claims
from harness_ext.stats import PairedCounts, effect_of_counts, holm
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import study, write_run


def claims_file(folder: Path, text: str) -> Path:
    path = folder / "claims.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def table(folder: Path, both: int, first: int, second: int, neither: int) -> list[Path]:
    """Write a run of st, then one of hc, with this table of right and wrong (first: hc)."""
    hc = [1] * both + [1] * first + [0] * second + [0] * neither
    st = [1] * both + [0] * first + [1] * second + [0] * neither
    return [
        write_run(folder / arm, right, arm=arm, base_model="m", family="f")
        for arm, right in (("st", st), ("hc", hc))
    ]


CASES = [
    ("equivalent", (450, 20, 20, 510), Outcome.MET),
    ("equivalent", (300, 200, 20, 480), Outcome.NOT_MET),
    ("equivalent", (20, 6, 4, 20), Outcome.INCONCLUSIVE),
    ("better", (300, 200, 20, 480), Outcome.MET),
    ("better", (300, 20, 200, 480), Outcome.NOT_MET),
    ("better", (20, 6, 4, 20), Outcome.INCONCLUSIVE),
    ("different", (300, 20, 200, 480), Outcome.MET),
    ("different", (450, 20, 20, 510), Outcome.NOT_MET),
    ("noninferior", (450, 30, 20, 500), Outcome.MET),
    ("noninferior", (300, 20, 200, 480), Outcome.NOT_MET),
    ("not_equivalent", (300, 20, 200, 480), Outcome.MET),
    ("not_equivalent", (450, 20, 20, 510), Outcome.NOT_MET),
    ("not_equivalent", (20, 6, 4, 20), Outcome.INCONCLUSIVE),
]


@pytest.mark.parametrize(("kind", "counts", "outcome"), CASES)
def test_each_kind_is_met_not_met_or_open(
    tmp_path: Path, kind: str, counts: tuple[int, int, int, int], outcome: Outcome
) -> None:
    claims = load_claims(claims_file(tmp_path, f"task: style_arith\nclaims:\n- {kind}: [hc, st]\n"))
    report = compare(table(tmp_path, *counts), claims=claims)
    assert report.judgement is not None
    assert report.judgement.outcome is outcome
    assert report.comparisons[0].correction == "bh"


def test_all_tasks_are_meant_where_the_file_says_so(tmp_path: Path) -> None:
    claims = load_claims(claims_file(tmp_path, "task: all\nclaims:\n- equivalent: [hc, st]\n"))
    judgement = compare(table(tmp_path, 450, 20, 20, 510), claims=claims).judgement
    assert judgement is not None
    assert [finding.where for finding in judgement.results[0].findings] == ["m, style_arith"]


def test_claims_are_corrected_by_holm_over_the_file(tmp_path: Path) -> None:
    runs = table(tmp_path, 60, 22, 9, 9)
    both = load_claims(
        claims_file(
            tmp_path,
            "task: style_arith\nclaims:\n- better: [hc, st]\n- {name: close, equivalent: [hc, st], margin:"
            " 0.25}\n",
        )
    )
    judgement = compare(runs, claims=both).judgement
    assert judgement is not None
    effect = effect_of_counts(PairedCounts(60, 22, 9, 9))
    p_values = [effect.p or 0.0, effect.p_inside(0.25)]
    assert [one.p for one in judgement.results] == pytest.approx(p_values)
    assert [one.p_holm for one in judgement.results] == pytest.approx(holm(p_values))


SUFFICES = (
    "task: style_arith\nmargin: 0.08\nclaims:\n- style_suffices: {hc: hc, st: st, base: base, control:"
    " hc_len}\n  style: [pivot_density, trace_words]\n"
)


def factorial(folder: Path, hc: float, control: float) -> list[Path]:
    return study(folder, {"base": 0.2, "st": 0.6, "hc": hc, "hc_len": control}, n=1500)


@pytest.mark.parametrize(
    ("hc", "control", "outcome"),
    [
        (0.6, 0.3, Outcome.MET),
        (0.4, 0.3, Outcome.NOT_MET),
        (0.6, 0.6, Outcome.NOT_MET),
        (0.6, 0.51, Outcome.INCONCLUSIVE),
    ],
)
def test_style_suffices_only_if_all_that_it_needs_is_shown(
    tmp_path: Path, hc: float, control: float, outcome: Outcome
) -> None:
    report = compare(factorial(tmp_path, hc, control), claims=load_claims(claims_file(tmp_path, SUFFICES)))
    assert report.judgement is not None
    (result,) = report.judgement.results
    assert {finding.claim.split()[0] for finding in result.findings} == {"hc", "style", "hc_len"}
    assert result.p == max(finding.p for finding in result.findings)
    assert report.judgement.outcome is outcome


def test_a_claim_holds_in_every_model_or_over_families(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.3, "hc": 0.5}, ("llama3", "qwen3", "gemma2"), n=500)
    each = load_claims(claims_file(tmp_path, "claims:\n- {better: [hc, base], task: style_arith}\n"))
    judgement = compare(runs, claims=each).judgement
    assert judgement is not None
    assert len(judgement.results[0].findings) == 3
    over = load_claims(
        claims_file(tmp_path, "claims:\n- {better: [hc, base], task: style_arith, across: families}\n")
    )
    judgement = compare(runs, claims=over).judgement
    assert judgement is not None
    (finding,) = judgement.results[0].findings
    assert finding.signature.startswith("test:random-effects")
    assert judgement.outcome is Outcome.MET
    with pytest.raises(StylerepError, match="needs one each of two or more"):
        compare(runs[:2], claims=over)


def test_what_was_declared_before_the_runs_can_be_told(tmp_path: Path) -> None:
    path = claims_file(tmp_path, "task: style_arith\nclaims:\n- better: [hc, base]\n")
    base = write_run(
        tmp_path / "base", [0, 0, 1], arm="base", base_model="m", claims_sha256=claims_digest(path)
    )
    other = write_run(tmp_path / "hc", [1, 0, 1], arm="hc", base_model="m")
    judgement = compare([base, other], claims=load_claims(path)).judgement
    assert judgement is not None
    assert (judgement.recorded, judgement.runs) == (1, 2)
    path.write_text(path.read_text() + "# later\n")
    judgement = compare([base, other], claims=load_claims(path)).judgement
    assert judgement is not None
    assert judgement.recorded == 0


def test_styles_that_never_differ_are_equivalent(tmp_path: Path) -> None:
    claims = load_claims(
        claims_file(
            tmp_path, "task: style_arith\nclaims:\n- {style_equivalent: [hc, st], style: [pivot_density]}\n"
        )
    )
    judgement = compare(table(tmp_path, 10, 2, 2, 10), claims=claims).judgement
    assert judgement is not None
    assert judgement.outcome is Outcome.MET
    apart = np.random.default_rng(0).normal(5, 1, 24).tolist()
    write_run(tmp_path / "hc", [1] * 24, style={"pivot_density": apart}, arm="hc", base_model="m", family="f")
    judgement = compare([tmp_path / "st", tmp_path / "hc"], claims=claims).judgement
    assert judgement is not None
    assert judgement.outcome is Outcome.NOT_MET


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "claims.yaml: this file of claims is empty"),
        ("- a", "claims.yaml: expected a mapping, found"),
        ("claims: []", "line 1: claims: expected a list that is not empty"),
        ("claims: [", "line 2: this is not valid YAML"),
        ("claims:\n- hc", r"line 2: claims\[0\]: expected a mapping, found 'hc'"),
        (
            "claims:\n- {task: t}",
            r"line 2: claims\[0\]: a claim has exactly one of better, different, .*; found none",
        ),
        ("claims:\n- {better: [a, b], equivalent: [a, b], task: t}", "found better, equivalent"),
        ("claims:\n- better: [a, b]", r"claims\[0\]: the key 'task' is missing; name the tasks"),
        (
            "claims:\n- {better: [a], task: t}",
            r"claims\[0\].better: expected two different arms or runs, such as \[hc, st\], found \['a'\]",
        ),
        ("claims:\n- {better: [a, a], task: t}", "expected two different arms or runs"),
        ("claims:\n- {better: [a, 3], task: t}", r"better\[1\]: expected a text, found 3"),
        (
            "claims:\n- {better: [a, b], task: t, margins: 1}",
            r"claims\[0\]: there is no key 'margins'; there are task, margin",
        ),
        ("claims:\n- {better: [a, b], task: t, 3: 1}", r"claims\[0\]: there is no key 3"),
        (
            "claims:\n- better: [a, b]\n  task: t\n  margin: 5",
            r"line 4: claims\[0\].margin: expected a number below 1, found 5",
        ),
        (
            "claims:\n- {equivalent: [a, b], task: t, margin: .nan}",
            "margin: expected a finite number, found nan",
        ),
        ("claims:\n- {equivalent: [a, b], task: t, margin: 0}", "margin: expected a number above 0, found 0"),
        ("claims:\n- {equivalent: [a, b], task: t, margin: yes}", "margin: expected a number, found True"),
        (
            "claims:\n- {equivalent: [a, b], task: t, style_margin: 1.0e+300}",
            "style_margin: expected a number below 10",
        ),
        ("margin: {}\nclaims:\n- {equivalent: [a, b], task: t}", "line 1: margin: expected a number"),
        (
            "alpha: 0.9\nclaims:\n- {better: [a, b], task: t}",
            "line 1: alpha: expected a number below 0.5, found 0.9",
        ),
        ("alpah: 0.9\nclaims:\n- {better: [a, b], task: t}", "line 1: there is no key 'alpah'"),
        ("claims:\n- {style_suffices: {hc: a}, task: t}", "style_suffices: the key 'st' is missing"),
        (
            "claims:\n- {style_suffices: {hc: a, st: b, base: 2024-01-01, control: d}, task: t}",
            "style_suffices.base: expected a text, found datetime.date",
        ),
        ("claims:\n- {all: [], task: t}", "all: expected a list that is not empty"),
        (
            "claims:\n- {all: [{better: [a, b], colour: 1}], task: t}",
            r"claims\[0\].all\[0\]: there is no key 'colour'",
        ),
        (
            "task: t\nclaims:\n- all:\n  - {better: [a, b]}\n  - {}",
            r"line 5: claims\[0\].all\[1\]: a claim has exactly one",
        ),
        (
            "claims:\n- {better: [a, b], task: t, across: all}",
            "across: expected one of 'each', 'families', found 'all'",
        ),
        ("claims:\n- {better: [a, b], task: t, name: 3}", "name: expected a text, found 3"),
        (
            'claims:\n- {better: [a, b], task: t, name: "\\e[31m"}',
            r"name: expected a text of one line without control characters, found '\\x1b\[31m'",
        ),
        (
            "claims:\n- {better: [a, b], task: t}\n- {better: [a, b], task: u}",
            r"line 3: claims\[1\]: two claims are named 'a better than b'",
        ),
        ("claims: " + "[" * 150 + "]" * 150, "nested more than 100 levels deep"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        load_claims(claims_file(tmp_path, text))
    with pytest.raises(StylerepError, match="there is no such claims file"):
        load_claims(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        (
            "{better: [st2, base], task: style_arith}",
            r"names st2, which is no arm and no run here \(base, llama3-base-None, hc, llama3-hc-0\)",
        ),
        ("{better: [hc, base], task: style_math}", "no model has hc and base on the task style_math"),
        (
            "{style_equivalent: [hc, base], task: style_arith, style: repetition}",
            "has the style score repetition",
        ),
    ],
)
def test_a_claim_about_what_is_not_there_is_refused(tmp_path: Path, claim: str, says: str) -> None:
    claims = load_claims(claims_file(tmp_path, f"claims:\n- {claim}\n"))
    with pytest.raises(StylerepError, match=says):
        compare(study(tmp_path, {"base": 0.3, "hc": 0.5}, n=20), claims=claims)
