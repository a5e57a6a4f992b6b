"""How likely a study is to settle its claims, judged as the study says."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.claims_power import draw, main, p_of
from harness_ext.stats import pool_seeds

ROOT = Path(__file__).parents[2]


def test_a_draw_has_the_accuracies_asked_for() -> None:
    centres, spreads = {"base": -1.0, "hc": 1.0}, {"base": 0.0, "hc": 0.3}
    found = draw(centres, spreads, 0.5, 4, 3000, np.random.default_rng(0))
    assert {arm: one.shape for arm, one in found.items()} == {"base": (1, 3000), "hc": (4, 3000)}
    assert found["base"].mean() < 0.35
    assert found["hc"].mean() > 0.65


def test_pooled_claims_have_other_p_values() -> None:
    rng = np.random.default_rng(1)
    models = [
        draw({"base": -1.0, "nt": -0.5, "hc": 0.0}, {"base": 0.0, "nt": 0.2, "hc": 0.2}, 1.5, 3, 200, rng)
        for _ in range(2)
    ]
    pool = pool_seeds([one[arm] for one in models for arm in ("nt", "hc")])
    claim = {"better": ["hc", "base"]}
    assert p_of(claim, models, 0.05, pool) < p_of(claim, models, 0.05, None) < 1


@pytest.mark.parametrize("way", ["each", "pooled"])
def test_the_table_says_how_the_spread_was_taken(
    way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(ROOT / "studies/families.yaml"), str(ROOT / "benchmarks/families_pilot.yaml")]
    options = ["--draws", "2", "--seeds", "3", "--between-seeds", way, "--seed-sd", "0.4", "--thrice", "hc"]
    monkeypatch.setattr(sys, "argv", ["claims_power", *files, *options])
    main()
    said = capsys.readouterr().out
    assert f"2 draws of 3 seeds and 200 items, spread between seeds: {way}" in said
    assert "trainings differ by 0.4 logits, three times that for hc" in said
    assert "| plain steps help | " in said
    monkeypatch.setattr(sys, "argv", ["claims_power", *files, "--thrice", "nobody"])
    with pytest.raises(SystemExit):
        main()
