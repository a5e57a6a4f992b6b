"""Whose features are, where they fire, and how that is told."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest
import torch

from distill.crosscoder.crosscoder import Crosscoder
from distill.crosscoder.measures import CrosscoderQuality
from distill.crosscoder.rows import CrosscodedRow
from harness_ext.pipelines.crosscode.classes import CLASSES, classes_of
from harness_ext.pipelines.crosscode.firing import excess, firing_counts, mean_excess
from harness_ext.pipelines.crosscode.page import report_html
from harness_ext.pipelines.crosscode.reading import CrosscoderReading, LatentScaling, RowFirings
from harness_ext.pipelines.crosscode.report import FiringShare, groups_of, report_of
from harness_ext.pipelines.crosscode.tables import report_tables
from harness_ext.pipelines.crosscode.token_parts import TOKEN_PARTS, token_parts
from harness_ext.stats import Interval, Result
from tests.conftest import one_sentence
from tests.distill.known_features import known_activations
from tests.harness_ext.pipelines.crosscode.planted import Found

TRACE = "Two and two. Wait, four."
ROW: dict[str, Any] = {
    "id": "p1",
    "arm": "hc",
    "trace": TRACE,
    "stages": [
        {"stage": "framing", "start": 0, "end": 12},
        {"stage": "exploration", "start": 13, "end": 24},
    ],
    "pivots": [{"kind": "realization", "phrase": "wait", "start": 13, "end": 17}],
}
TEXT = f"<think>{TRACE}</think>4"
PIECES = ("<think>", "Two", " and", " two", ".", " W", "ait", ",", " four", ".", "</think>", "4")


def _row(row: dict[str, Any] = ROW, text: str = TEXT, pieces: tuple[str, ...] = PIECES) -> CrosscodedRow:
    ends = np.cumsum([len(piece) for piece in pieces])
    offsets = np.stack([ends - [len(piece) for piece in pieces], ends], 1)
    return CrosscodedRow(row, list(range(2 + len(pieces))), 2, text, offsets)


def test_tokens_are_of_pivots_by_kind_and_of_stages_with_the_token_before_a_pivot() -> None:
    parts = token_parts(_row())

    def of(part: str) -> list[str]:
        return [piece for piece, own in zip(PIECES, parts[:, TOKEN_PARTS.index(part)], strict=True) if own]

    assert of("pivot") == of("pivot: realization") == [" W", "ait"]
    assert of("before a pivot") == ["."]
    assert of("pivot: verification") == []
    assert of("framing") == ["Two", " and", " two", "."]
    assert of("exploration") == [" W", "ait", ",", " four", "."]
    assert of("outside stages") == ["<think>", "</think>", "4"]


def _reading(rows: list[RowFirings], **arrays: list[float]) -> CrosscoderReading:
    features = len(arrays["fired"])
    quality = CrosscoderQuality(9, {"base": [0.9], "adapter": [0.9]}, [0.5], [0.1], 2.0, 0.0)
    filled = {
        name: np.array(arrays.get(name, [0.0] * features))
        for name in ("relative", "error_ratio", "made_ratio", "carried")
    }
    return CrosscoderReading(quality, np.array(arrays["fired"], dtype=np.int64), rows=rows, **filled)


def _firings(problem: str, places: list[tuple[int, int]], text: str = TEXT) -> RowFirings:
    row = _row({**ROW, "id": problem}, text)
    return RowFirings(
        row,
        token_parts(row),
        np.array([token for token, _ in places], dtype=np.int32),
        np.array([feature for _, feature in places], dtype=np.int32),
        np.ones(len(places), dtype=np.float32),
    )


def test_features_are_new_only_if_latent_scaling_confirms_it() -> None:
    reading = _reading(
        [],
        fired=[5, 5, 5, 5, 5, 5, 5, 0],
        relative=[0.05, 0.2, 0.5, 0.7, 0.95, 0.95, 0.95, 0.95],
        error_ratio=[0, 0, 0, 0, 0.1, 0.3, 0.1, 0],
        made_ratio=[0, 0, 0, 0, 0.4, 0.1, 0.6, 0],
    )
    found = [CLASSES[number] if number >= 0 else "dead" for number in classes_of(reading)]
    assert found == [
        *("base only", "more base", "shared", "more adapter"),
        *("new", "unconfirmed", "unconfirmed", "dead"),
    ]


def test_the_carrying_features_are_the_fewest_that_carry_half_of_the_change() -> None:
    reading = _reading([], fired=[1, 1, 1, 1], relative=[0.5] * 4, carried=[0.1, 0.3, 0.4, 0.2])
    assert groups_of(reading)["carrying"].tolist() == [False, True, True, False]


def test_firing_is_held_against_the_share_of_tokens() -> None:
    """Of 12 tokens 2 are pivots. In p1 feature 0 fires on both and once elsewhere, in p2 on one of each."""
    rows = [_firings("p1", [(5, 0), (6, 0), (1, 0), (2, 1)]), _firings("p2", [(5, 0), (0, 0)])]
    counts = firing_counts(_reading(rows, fired=[5, 1]), np.array([True, False]))
    values = excess(counts, TOKEN_PARTS.index("pivot"))
    assert values is not None
    share, chance = 3 / 5, 2 / 12
    # with 3 and 2 firings in the problems, 2.5 on average
    assert values.tolist() == pytest.approx(
        [share - chance + (2 - share * 3) / 2.5, share - chance + (1 - share * 2) / 2.5]
    )
    assert mean_excess(values).estimate == pytest.approx(share - chance)
    assert excess(firing_counts(_reading(rows, fired=[5, 1]), np.array([False, False])), 1) is None


def test_rows_of_one_problem_are_one_cluster() -> None:
    rows = [_firings("p1", [(5, 0)]), _firings("p1", [(1, 0)]), _firings("p2", [(5, 0)])]
    counts = firing_counts(_reading(rows, fired=[3]), np.array([True]))
    assert counts.problems == ["p1", "p2"]
    assert counts.firings[:, -1].tolist() == [2, 1]
    assert counts.tokens[:, -1].tolist() == [24, 12]


def test_crosscoders_are_compared_on_the_same_problems() -> None:
    def of(token: int) -> CrosscoderReading:
        rows = [_firings(f"p{number}", [(token, 0), (number, 0)]) for number in range(4)]
        return _reading(rows, fired=[8], relative=[0.99])

    report = report_of([("hc", "m", "a", (1,), of(5)), ("hc_np", "m", "b", (1,), of(9))])
    (found,) = [one for one in report.differences if (one.group, one.part) == ("new", "pivot")]
    assert found.difference.estimate == pytest.approx(-0.5)
    assert found.difference.n == 4
    json.dumps(report.to_json())


def test_texts_of_rows_are_escaped_and_firing_tokens_marked() -> None:
    text = "<script>alert(1)</script>"
    row = CrosscodedRow(
        {**ROW, "trace": text, "stages": [], "pivots": []},
        list(range(5)),
        2,
        text,
        np.array([[0, 8], [8, 16], [16, 25]]),
    )
    firings = RowFirings(
        row, token_parts(row), np.array([1]), np.array([0]), np.array([2.0], dtype=np.float32)
    )
    reading = _reading([firings, replace(firings, row=replace(row, row={**row.row, "id": "p2"}))], fired=[2])
    page = report_html(report_of([("<b>", "m", "a", (1,), reading)]))
    assert "<script" not in page
    assert "&lt;b&gt;" in page
    assert "</mark>" in page
    assert "mathdefault" not in page
    assert "http" not in page.split("</style>")[1].replace("http://www.w3.org", "")


def _scaled(crosscoder: Crosscoder, draw: Callable[[int], torch.Tensor]) -> LatentScaling:
    scaling = LatentScaling(crosscoder)
    for _ in range(4):
        x = draw(500)
        scaling.add(x, crosscoder.encode(x))
    return scaling


def _exact(known: torch.Tensor) -> Crosscoder:
    """Return the crosscoder that reads and writes features exactly."""
    crosscoder = Crosscoder(2, 1, known.shape[-1], len(known)).requires_grad_(False)
    crosscoder.decoder.copy_(known)
    crosscoder.encoder.copy_((known / known.flatten(1).square().sum(1)[:, None, None, None]).flatten(1).T)
    crosscoder.encoder_bias.zero_()
    return crosscoder


def test_latent_scaling_confirms_what_the_base_lacks_and_catches_what_was_shrunk() -> None:
    known, draw = known_activations(seed=1)
    crosscoder = _exact(known)
    error, made = _scaled(crosscoder, draw).ratios()
    assert np.abs(error[:2]).max() < 1e-3  # the base has nothing of them
    assert np.abs(made[:2]).max() < 1e-3
    assert error[3:] == pytest.approx(np.ones(9), abs=1e-3)
    assert math.isinf(error[2])  # the adapter has nothing of it
    # complete shrinkage: the base has feature 3, its decoder vector is 0
    crosscoder.decoder[3, 0] = 0
    crosscoder.encoder[:24, 3] = 0
    crosscoder.encoder[:, 3] *= 2
    assert _scaled(crosscoder, draw).ratios()[0][3] == pytest.approx(1, abs=1e-2)


def test_what_features_carry_sums_to_1_and_is_of_those_that_differ() -> None:
    known, draw = known_activations(seed=1)
    carried = _scaled(_exact(known), draw).carried()
    assert carried.sum() == pytest.approx(1)
    assert carried[:3] == pytest.approx(np.full(3, 1 / 3), abs=0.05)
    assert carried[3:] == pytest.approx(np.zeros(9), abs=1e-6)


Command = Callable[..., CompletedProcess[str]]


def test_the_report_tells_of_a_fitted_crosscoder(
    planted: tuple[Path, Found], traces: Path, stylerep_here: Command, tmp_path: Path
) -> None:
    folder, _ = planted
    result = stylerep_here(
        *("crosscode", "report", folder / "crosscoder0", "--data", traces, "--n", 4),
        *("--json", tmp_path / "r.json", "--html", tmp_path / "r.html"),
    )
    assert result.returncode == 0, result.stderr
    assert "Features by whose they are" in result.stdout
    (one,) = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["crosscoders"]
    assert one["rows"] == 4
    assert sum(one["counts"].values()) + one["dead"] == 96
    assert all(share["signature"].startswith("test:linearised-share-t") for share in one["shares"])
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<mark" in page
    assert str(Path.home()) not in page


def test_a_crosscoder_of_other_weights_is_refused(
    planted: tuple[Path, Found], traces: Path, stylerep_here: Command, tmp_path: Path
) -> None:
    folder, _ = planted
    other = tmp_path / "adapter"
    other.mkdir()
    for file in (folder / "adapter0").iterdir():
        content = file.read_bytes()
        (other / file.name).write_bytes(content + b" " if file.suffix == ".safetensors" else content)
    result = stylerep_here(
        *("crosscode", "report", folder / "crosscoder0", "--data", traces, "--adapter", other)
    )
    assert "was fitted to weights with the SHA-256" in one_sentence(result)


def test_tables_have_as_many_cells_as_columns(planted: tuple[Path, Found]) -> None:
    for table in report_tables(planted[1].report):
        assert {len(row) for row in table.rows} <= {len(table.header)}


@pytest.mark.parametrize(
    ("p", "excess", "above"), [(0.04, 0.1, True), (0.06, 0.1, False), (0.04, -0.1, False), (None, 0.1, False)]
)
def test_above_chance_is_what_holm_lets_say(p: float | None, excess: float, above: bool) -> None:
    result = Result(excess, Interval(excess - 0.05, excess + 0.05, 0.95), 0.01, 20, "linearised-t", {})
    assert FiringShare("new", "pivot", 1, 10, 0.2 + excess, 0.2, result, p).above is above
