"""Writes a report as plain JSON values: everything, with signatures."""

import math
from dataclasses import asdict
from typing import Any

from harness_ext.compare.between_seeds import PooledSeeds
from harness_ext.compare.equal_learnability import EqualLearnability
from harness_ext.compare.hypotheses import Judgement
from harness_ext.compare.report import AcrossFamilies, Comparison, ConditionOnTask, Report
from harness_ext.compare.shares import Share
from harness_ext.compare.style import StyleEffect
from harness_ext.stats import Interval, Result
from synth.privacy.home_folders import without_homes


def report_json(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON values. An undefined share, a ratio of 0 to 0 and infinity are null."""
    content = {
        "cells": [_cell(cell) for cell in report.cells],
        "comparisons": [_comparison(one) for one in report.comparisons],
        "families": [_families(one) for one in report.families],
        "shares": [_share(one) for one in report.shares],
        "learnability": [_equal(one) for one in report.learnability],
        "omnibus": [
            {"model": model, "task": task, **_result(result)} for model, task, result in report.omnibus
        ],
        "claims": _judgement(report.judgement) if report.judgement else None,
        "between_seeds": report.between_seeds,
        "seed_pools": [_pool(one) for one in report.seed_pools],
        "notes": report.notes,
    }
    plain: dict[str, Any] = without_homes(_plain(content))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _interval(interval: Interval | None, low: str, high: str) -> dict[str, float | None]:
    return {low: interval.low if interval else None, high: interval.high if interval else None}


def _result(result: Result) -> dict[str, Any]:
    limits = _interval(result.interval, "low", "high")
    return {
        "estimate": result.estimate,
        **limits,
        "p": result.p,
        "n": result.n,
        "method": result.method,
        **dict(result.settings),
        "note": result.note,
        "signature": result.signature,
    }


def _cell(cell: ConditionOnTask) -> dict[str, Any]:
    limits = _interval(cell.interval, "acc_low", "acc_high")
    return {
        "run": cell.run,
        "model": cell.model,
        "family": cell.family,
        "arm": cell.arm,
        "seeds": cell.seeds,
        "task": cell.task,
        "metric": cell.metric,
        "n": cell.n,
        **({"draws": cell.draws} if cell.draws else {}),
        "acc": cell.accuracy,
        **limits,
        **cell.style,
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "run": one.run,
        "baseline": one.baseline,
        "model": one.model,
        "family": one.family,
        "arm": one.arm,
        "task": one.task,
        "metric": one.metric,
        "n": one.result.n,
        "left_out": one.left_out,
        "only_run_right": one.result.settings.get("b"),
        "only_baseline_right": one.result.settings.get("c"),
        "difference": one.result.estimate,
        **_interval(one.result.interval, "low", "high"),
        "p": one.result.p,
        "p_adjusted": one.p_adjusted,
        "correction": one.correction,
        "tests": one.tests,
        **_interval(one.equivalence, "equivalence_low", "equivalence_high"),
        "margin": one.margin,
        "verdict": one.verdict.value,
        "settlement": asdict(one.settlement) if one.settlement else None,
        "variance": asdict(one.variance) if one.variance else None,
        "beside": [_result(result) for result in one.beside],
        "style": [_style(effect) for effect in one.style],
        "note": one.result.note,
        "signature": one.signature,
    }


def _style(effect: StyleEffect) -> dict[str, Any]:
    longer = _result(effect.at_equal_length) if effect.at_equal_length else None
    return {
        "metric": effect.metric,
        "p_bh": effect.p_adjusted,
        "mean": _result(effect.mean),
        "median": _result(effect.median),
        "at_equal_length": longer,
    }


def _families(one: AcrossFamilies) -> dict[str, Any]:
    summary = one.summary
    return {
        "arm": one.arm,
        "task": one.task,
        "metric": one.metric,
        "families": list(one.families),
        **_result(summary.result),
        "tau2": summary.tau2,
        "i2": summary.i2,
        "q": summary.q,
        "q_p": summary.q_p,
        **_interval(summary.prediction, "prediction_low", "prediction_high"),
        **_interval(one.equivalence, "equivalence_low", "equivalence_high"),
        "p_adjusted": one.p_adjusted,
        "correction": one.correction,
        "tests": one.tests,
        "margin": one.margin,
        "verdict": one.verdict.value,
        "sign_test": _result(one.signs),
        "signature": one.signature,
    }


def _equal(one: EqualLearnability) -> dict[str, Any]:
    return {
        "run": one.run,
        "baseline": one.baseline,
        "task": one.task,
        "plain": _result(one.plain),
        "surprisal": one.surprisal,
        "common_range": one.share,
        "at_equal_learnability": _result(one.result) if one.result else None,
        "refused": one.refused or None,
    }


def _share(one: Share) -> dict[str, Any]:
    names = {
        "question": one.question,
        "model": one.model,
        "family": one.family,
        "task": one.task,
        "first": one.first,
        "second": one.second,
        "base": one.base,
    }
    result = _result(one.result)
    return {**names, **result, "note": "; ".join(note for note in (result["note"], one.note) if note)}


def _pool(one: PooledSeeds) -> dict[str, Any]:
    pool = one.pool
    return {
        "task": one.task,
        "arms": pool.arms,
        "df": pool.own_df,
        "prior_df": pool.df,
        "prior_scale": pool.scale,
        "logit_sd": pool.logit_sd,
        "sd": pool.points,
        "outstanding": list(one.outstanding),
    }


def _judgement(judgement: Judgement) -> dict[str, Any]:
    return {
        "file": judgement.path,
        "sha256": judgement.sha256,
        "alpha": judgement.alpha,
        "outcome": judgement.outcome.value,
        "recorded_in_runs": judgement.recorded,
        "runs": judgement.runs,
        "claims": [
            {
                "name": one.claim.name,
                "kind": one.claim.kind,
                "outcome": one.outcome.value,
                "p": one.p,
                "p_holm": one.p_holm,
                "findings": [asdict(finding) for finding in one.findings],
            }
            for one in judgement.results
        ],
    }
