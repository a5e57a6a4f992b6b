"""Which runs of a study stop, and what they are compared with."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness_ext.compare.hypotheses_file import parse_claims
from harness_ext.pipelines.study.stopped_runs import compared_with

ARMS = ("base", "nt", "sbs", "hc", "hc_w")
CASES: list[tuple[list[Any], dict[str, tuple[str, ...]]]] = [
    ([], {"nt": ("base",), "sbs": ("base",), "hc": ("base",), "hc_w": ("base",)}),
    (
        [
            {"better": ["hc", "base"]},
            {"better": ["hc", "nt"]},
            {"noninferior": ["sbs", "hc"]},
            {"better": ["hc", "hc_w"]},
        ],
        {"nt": ("hc",), "sbs": ("hc",), "hc": (), "hc_w": ("hc",)},
    ),
    (
        [{"all": [{"better": ["sbs", "nt"]}, {"better": ["nt", "base"]}]}, {"better": ["hc", "hc_w"]}],
        {"nt": (), "sbs": ("nt",), "hc": (), "hc_w": ("hc",)},
    ),
    ([{"better": ["hc", "base"]}], {"nt": ("base",), "sbs": ("base",), "hc": ("base",), "hc_w": ("base",)}),
]


@pytest.mark.parametrize(("claims", "found"), CASES)
def test_every_claim_has_a_whole_run_and_the_rest_stop(
    claims: list[Any], found: dict[str, tuple[str, ...]]
) -> None:
    text = yaml.safe_dump({"task": "all", "claims": claims}).encode()
    read = parse_claims(text, Path("claims.yaml")) if claims else None
    assert compared_with(read, ARMS) == {"base": (), **found}
