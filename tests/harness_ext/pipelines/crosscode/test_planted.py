"""A direction that an adapter adds on known tokens is found by the report."""

from pathlib import Path

import pytest

from tests.harness_ext.pipelines.crosscode.planted import Found, find_planted


def _check(found: Found) -> None:
    assert found.cosine > 0.9
    assert found.on_planted > 0.5  # of all tokens, 1 in 100 is
    quality = found.report.crosscoders[0].quality
    assert min(quality.explained["base"][0], quality.explained["adapter"][0], quality.difference[0]) > 0.8
    assert quality.active < 12


def test_a_planted_direction_is_found(planted: tuple[Path, Found]) -> None:
    _check(planted[1])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 10))
def test_a_planted_direction_is_found_whatever_the_seed(seed: int, traces: Path, tmp_path: Path) -> None:
    _check(find_planted(tmp_path, traces, seed))
