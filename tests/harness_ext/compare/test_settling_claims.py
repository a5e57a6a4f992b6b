"""Following a run until the claims about it and finished runs are settled."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from harness_ext.compare import Outcome, compare, load_claims
from harness_ext.compare.settling import Baseline, StoppingRule
from harness_ext.compare.settling_claims import SettlingClaims
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import write_run

N, KEY = 400, ("style_arith", "none")
ITEMS = [("style_arith", f"{number:064d}") for number in range(N)]


def outcomes(seed: int, accuracy: float) -> list[float]:
    return [float(one) for one in np.random.default_rng(seed).random(N) < accuracy]


def begun(folder: Path, claims: list[Any], **baselines: float) -> SettlingClaims:
    """Begin a run of hc beside finished runs of the arms with about these accuracies."""
    folder.mkdir(exist_ok=True)
    path = folder / "claims.yaml"
    path.write_text(yaml.safe_dump({"task": "all", "claims": claims}), encoding="utf-8")
    runs = [
        write_run(folder / arm, outcomes(seed, accuracy), arm=arm, base_model="m", family="f")
        for seed, (arm, accuracy) in enumerate(baselines.items())
    ]
    declared = load_claims(path)
    rule = StoppingRule(runs[0], 0.05, also=tuple(runs[1:]), claims=declared)
    return SettlingClaims(rule, [Baseline(run) for run in runs], declared, "hc", ITEMS)


def follow(settling: SettlingClaims, accuracy: float) -> int:
    right = dict(zip(ITEMS, outcomes(9, accuracy), strict=True))
    while items := settling.next_items():
        settling.see(items, {KEY: {item[1]: {"acc": right[item]} for item in items}})
    return len(settling.done["style_arith"])


def test_a_run_goes_on_until_its_last_claim_is_settled(tmp_path: Path) -> None:
    help_, more = {"better": ["hc", "base"]}, {"name": "more", "better": ["hc", "nt"]}
    soon = follow(begun(tmp_path / "1", [help_], base=0.1), 0.7)
    later = begun(tmp_path / "2", [help_, more], base=0.1, nt=0.45)
    assert soon < follow(later, 0.7) < N
    record = later.record()["style_arith"]
    assert record["claims"] == {"hc better than base": "shown", "more": "shown"}
    assert [Path(str(one)).name for one in record["against"]] == ["base", "nt"]  # type: ignore[attr-defined]
    lines = later.progress()
    assert lines[0].startswith(f"style_arith, {record['used']} of 400 items: hc less base +")
    assert lines[1].endswith("'more' shown")


def test_what_settles_is_the_claim_and_not_the_verdict(tmp_path: Path) -> None:
    # a run that is worse by less than the margin of a claim: different, and not inferior by so much
    noninferior = {"noninferior": ["hc", "base"], "margin": 0.3}
    n = follow(begun(tmp_path / "1", [noninferior], base=0.7), 0.6)
    assert n < N
    refuted = begun(tmp_path / "2", [{"better": ["hc", "base"]}], base=0.7)
    follow(refuted, 0.3)
    assert refuted.record()["style_arith"]["claims"] == {"hc better than base": "not met"}
    # the other part of a claim that is refuted isn't waited for
    both = {"name": "both", "all": [{"better": ["hc", "base"]}, {"better": ["hc", "nt"]}]}
    assert follow(begun(tmp_path / "3", [both], base=0.7, nt=0.31), 0.3) == len(refuted.done["style_arith"])


def test_the_judgement_of_the_stopped_run_is_the_one_that_stopped_it(tmp_path: Path) -> None:
    claims = [{"better": ["hc", "base"]}, {"better": ["nt", "hc"]}, {"better": ["nt", "base"]}]
    settling = begun(tmp_path, claims, base=0.1, nt=0.4)
    follow(settling, 0.7)
    right, asked = outcomes(9, 0.7), set(settling.done["style_arith"])
    whole = write_run(
        tmp_path / "hc", right, arm="hc", base_model="m", family="f", stopping=settling.record()
    )
    (samples,) = whole.glob("*/samples_*.jsonl")
    rows = [line for line in samples.read_text().splitlines() if json.loads(line)["doc_hash"] in asked]
    samples.write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert len(rows) < N
    folders = [tmp_path / arm for arm in ("base", "nt", "hc")]
    judgement = compare(folders, claims=load_claims(tmp_path / "claims.yaml")).judgement
    assert judgement is not None
    assert [one.outcome for one in judgement.results] == [Outcome.MET, Outcome.NOT_MET, Outcome.MET]
    p, contrary = (judgement.results[0].findings[0].p, judgement.results[1].findings[0].p_contrary)
    assert p == settling._questions[0].p <= 0.05 / 3
    assert contrary == settling._questions[1].p_contrary <= 0.05


def test_claims_that_cannot_be_watched_and_runs_that_none_is_about_are_told(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="is about style, which takes the number of items as given"):
        begun(tmp_path / "1", [{"style_equivalent": ["hc", "base"]}], base=0.5)
    with pytest.raises(StylerepError, match=r"no claim is about the arms 'hc' and 'nt', of .*; leave that"):
        begun(tmp_path / "2", [{"better": ["hc", "base"]}], base=0.5, nt=0.5)
    with pytest.raises(StylerepError, match="Several runs --against go with --claims"):
        StoppingRule(tmp_path, 0.1, also=(tmp_path / "x",))
