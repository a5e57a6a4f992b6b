"""The spread between seeds, pooled over the arms of a comparison."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from harness_ext.cli import app
from harness_ext.compare import claims_digest, compare, load_claims, report_json
from harness_ext.compare.tables import report_notes
from harness_ext.runs.run_folder import load_run
from harness_ext.stats import pool_seeds
from harness_ext.stats.crossed import crossed_mean
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import study, write_run

ARMS = {"base": 0.2, "nt": 0.3, "sbs": 0.6, "hc": 0.5}
CLAIMS = "task: style_arith\nbetween_seeds: pooled\nclaims:\n- {noninferior: [hc, nt]}\n"


def outcomes(folder: Path, arm: str) -> np.ndarray:
    runs = [load_run(folder / f"llama3-{arm}-{seed}").tasks["style_arith", "none"] for seed in (0, 1, 2)]
    return np.array([[run[item].metrics["acc"] for item in run] for run in runs])


def test_comparisons_take_the_spread_of_all_arms(tmp_path: Path) -> None:
    runs = study(tmp_path, ARMS, seeds=(0, 1, 2))
    report, alone = compare(runs, between_seeds="pooled"), compare(runs)
    arms = {arm: outcomes(tmp_path, arm) for arm in ("nt", "sbs", "hc")}
    pool = pool_seeds(list(arms.values()))
    base = load_run(runs[0]).tasks["style_arith", "none"]
    right = np.array([base[item].metrics["acc"] for item in base])
    for comparison, arm in zip(report.comparisons, arms, strict=True):
        wanted = crossed_mean(arms[arm] - right, prior=pool.prior(arms[arm]))
        assert comparison.result.interval == wanted.interval
        assert comparison.result.p == pytest.approx(wanted.p)
        assert comparison.signature.startswith("test:moderated-crossed-t|n:400|seeds:3|prior_df:")
    assert report.cells[1].interval != alone.cells[1].interval
    (told,) = report.seed_pools
    assert told.pool == pool
    assert str(told) in report_notes(report)
    assert (
        "how much seeds differ is pooled over 3 arms (on 6 degrees of freedom): a standard deviation of"
        f" {100 * pool.points:.1f} points" in str(told)
    )
    content = report_json(report)
    assert content["between_seeds"] == "pooled"
    assert (content["seed_pools"][0]["arms"], content["seed_pools"][0]["sd"]) == (3, pool.points)
    assert (report_json(alone)["between_seeds"], report_json(alone)["seed_pools"]) == ("each", [])


def test_arms_of_all_models_and_each_training_once(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.2, "nt": 0.3, "hc": 0.5}, ("llama3", "qwen3"), seeds=(0, 1), n=100)
    assert compare(runs, "base", between_seeds="pooled").seed_pools[0].pool.arms == 4
    for run in runs:
        manifest = json.loads((run / "manifest.json").read_text())
        if manifest["arm"] != "base":
            same = manifest["arm"].replace("nt", "hc")
            (run / "manifest.json").write_text(
                json.dumps(manifest | {"adapter_sha256": f"{same} {manifest['seed']} {manifest['family']}"})
            )
    with pytest.raises(StylerepError, match="here are 2 of several seeds"):
        compare(runs, "base", between_seeds="pooled")


def test_claims_declare_it_and_are_judged_by_it(tmp_path: Path) -> None:
    runs = study(tmp_path, ARMS, seeds=(0, 1, 2))
    path = tmp_path / "claims.yaml"
    path.write_text(CLAIMS, encoding="utf-8")
    pooled = claims_digest(path)
    report = compare(runs, claims=load_claims(path))
    assert report.judgement is not None
    (finding,) = report.judgement.results[0].findings
    assert finding.signature.startswith("test:moderated-crossed-t")
    assert report.comparisons[0].result.method == "moderated-crossed-t"
    with pytest.raises(StylerepError, match=r"--between-seeds each: the claims of claims.yaml say pooled"):
        compare(runs, claims=load_claims(path), between_seeds="each")
    path.write_text(CLAIMS.replace("between_seeds: pooled\n", ""), encoding="utf-8")
    assert claims_digest(path) != pooled
    alone = compare(runs, claims=load_claims(path)).judgement
    assert alone is not None
    assert alone.results[0].findings[0].signature.startswith("test:crossed-t")
    path.write_text(CLAIMS.replace("pooled", "some"), encoding="utf-8")
    with pytest.raises(StylerepError, match=r"line 2: between_seeds: .*each.*pooled.* found 'some'"):
        load_claims(path)


def test_an_arm_whose_seeds_stand_out_is_named(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.2, "nt": 0.3, "sbs": 0.6, "a": 0.4, "b": 0.5}, seeds=(0, 1, 2))
    for seed, share in enumerate((0.05, 0.5, 0.95)):
        right = (np.random.default_rng(seed).random(400) < share).astype(float).tolist()
        given = {"family": "llama3", "base_model": "org/llama3", "arm": "wild", "seed": seed}
        runs.append(write_run(tmp_path / f"wild-{seed}", right, **given))
    report = compare(runs, between_seeds="pooled")
    assert report.seed_pools[0].outstanding == ("wild, 3 seeds",)
    assert "The seeds of wild, 3 seeds differ more than that" in str(report)
    methods = {one.arm: one.result.method for one in report.comparisons}
    assert methods["wild"] == "crossed-t"
    assert {methods[arm] for arm in ("nt", "sbs", "a", "b")} == {"moderated-crossed-t"}


def test_what_cannot_be_pooled_is_refused(tmp_path: Path) -> None:
    runs = study(tmp_path, ARMS, seeds=(0, 1, 2), n=50)
    with pytest.raises(StylerepError, match=r"--between-seeds is each or pooled, found 'some'"):
        compare(runs, between_seeds="some")
    with pytest.raises(StylerepError, match=r"style_arith: .* 3 arms or more .* here are 2 of several seeds"):
        compare(runs[:7], between_seeds="pooled")
    with pytest.raises(StylerepError, match="here are 0 of several seeds"):
        compare(runs, between_seeds="pooled", by="arm,seed,task")


def test_the_command_has_the_choice(tmp_path: Path) -> None:
    runs = [str(run) for run in study(tmp_path, ARMS, seeds=(0, 1, 2), n=50)]
    out = tmp_path / "verdicts.json"
    done = CliRunner().invoke(app, ["compare", *runs, "--between-seeds", "pooled", "--json", str(out)])
    assert done.exit_code == 0, done.output
    assert "pooled over 3 arms" in " ".join(done.output.split())
    assert json.loads(out.read_text())["between_seeds"] == "pooled"
