"""A study whose comparisons pool how much seeds differ, before it has enough of them."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness_ext.pipelines.study import load_study
from harness_ext.pipelines.study.file import study_claims
from harness_ext.pipelines.study.report import _compared
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import study as runs_of
from tests.harness_ext.pipelines.study.files import write_study

ARMS = {"base": 0.2, "nt": 0.3, "sbs": 0.6, "hc": 0.5}
NOTHING: Any = SimpleNamespace(failed={}, blocked=[], cells=[], left_out={})


def test_one_seed_is_compared_and_claims_wait(tmp_path: Path, tiny_model: Path) -> None:
    given = {"arms": ["nt", "sbs", "hc"], "seeds": [0, 1], "between_seeds": "pooled"}
    study = load_study(write_study(tmp_path, tiny_model, **given))
    claims = study_claims(study)
    whole = _compared(runs_of(tmp_path / "two", ARMS, seeds=(0, 1), n=60), study, claims, NOTHING)
    assert whole.judgement is not None
    assert whole.between_seeds == "pooled"
    assert {one.result.method for one in whole.comparisons} == {"moderated-crossed-t"}
    early = runs_of(tmp_path / "one", ARMS, n=60)
    report = _compared(early, study, claims, NOTHING)
    assert (report.judgement, len(report.comparisons)) == (None, 3)
    assert report.notes[-1].startswith("THE CLAIMS WERE NOT JUDGED: style_arith: the spread between seeds")
    plain = _compared(early, study, None, NOTHING)
    assert plain.notes[-1].startswith("SEEDS WERE NOT POOLED: ")
    with pytest.raises(StylerepError, match="two different run folders"):
        _compared(early[:1], replace(study, between_seeds="each"), None, NOTHING)
