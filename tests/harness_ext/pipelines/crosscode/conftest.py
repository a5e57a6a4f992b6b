"""A data set of traces with pivots, and a planted crosscoder of it."""

from pathlib import Path

import pytest

import stylerep
from tests.harness_ext.pipelines.crosscode.planted import Found, find_planted


@pytest.fixture(scope="session")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of the arm hc."""
    out = tmp_path_factory.mktemp("traces")
    made = stylerep.synthesize(
        "arith:train:max_steps=2", ["hc"], out, 100, dials={"trace_words": 10, "pivot_density": 5}
    )
    return made["hc"]


@pytest.fixture(scope="session")
def planted(traces: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Found]:
    """The folder of a crosscoder of a model with a planted direction, and what the report found."""
    folder = tmp_path_factory.mktemp("planted")
    return folder, find_planted(folder, traces, 0)
