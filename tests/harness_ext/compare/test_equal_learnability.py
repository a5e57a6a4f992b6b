"""Differences at equal learnability: taken off what the slope over other arms makes of them, or refused."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness_ext.compare import compare, report_json
from harness_ext.compare.equal_learnability import EqualLearnability, overlap
from harness_ext.compare.report import Report
from harness_ext.compare.tables import report_tables
from harness_ext.stats import Interval, Result
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import write_run

N = 1000
SURPRISAL = {"nt": 0.8, "sbs": 1.0, "hc": 1.2, "hc_w": 1.1, "dots": 1.6, "swap": 1.4}
STYLE = 0.06
"""What the style of hc adds, beside what its surprisal does."""


def accuracy(arm: str) -> float:
    return 0.9 - 0.4 * SURPRISAL[arm] + (STYLE if arm == "hc" else 0)


def write_table(path: Path, arms: Mapping[str, float], **more: Any) -> Path:
    rows = [
        {
            **{"model": "org/m", "base_sha256": "b", "fingerprint": f"data of {arm}", "arm": arm},
            **{"id": str(i), "surprisal": mean + (i - 50) / 60, **more},
        }
        for arm, mean in arms.items()
        for i in range(101)
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def runs(folder: Path, arms: list[str], **more: Any) -> list[Path]:
    return [
        write_run(
            folder / arm,
            (np.arange(N) < round(N * accuracy(arm))).astype(float).tolist(),
            **{"family": "m", "base_model": "org/m", "base_sha256": "b", "arm": arm, **more},
            dataset_fingerprint=f"data of {arm}",
        )
        for arm in arms
    ]


def of(report: Report, run: str) -> EqualLearnability:
    return next(one for one in report.learnability if one.run == run)


def test_what_surprisal_explains_is_taken_off(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.parquet", SURPRISAL)
    report = compare(runs(tmp_path, ["sbs", "hc", "nt", "hc_w", "dots", "swap"]), learnability=[table])
    one = of(report, "hc")
    assert one.plain.estimate == pytest.approx(STYLE - 0.4 * 0.2)
    assert one.surprisal == pytest.approx(0.2)
    assert one.result is not None
    assert one.result.estimate == pytest.approx(STYLE, abs=1e-9)
    assert one.result.settings["slope"] == pytest.approx(-0.4)
    assert one.result.settings["arms"] == 4
    # the other arms lie on the line, so that only the items' error is left
    assert one.result.interval is not None
    assert one.plain.interval is not None
    wide = one.plain.interval.high - one.plain.interval.low
    assert one.result.interval.high - one.result.interval.low == pytest.approx(wide)
    said = report_json(report)["learnability"]
    assert said[0]["at_equal_learnability"]["signature"].startswith("test:equal-surprisal-ols|")
    assert any(one.title == "At equal learnability" for one in report_tables(report))


def test_arms_off_the_line_make_the_interval_wider(tmp_path: Path) -> None:
    scattered = {**SURPRISAL, "nt": 1.3, "swap": 0.9}
    table = write_table(tmp_path / "t.parquet", scattered)
    report = compare(runs(tmp_path, ["sbs", "hc", "nt", "hc_w", "dots", "swap"]), learnability=[table])
    result = of(report, "hc").result
    assert result is not None
    x = np.array([scattered[arm] for arm in ("nt", "hc_w", "dots", "swap")])
    y = np.array([accuracy(arm) for arm in ("nt", "hc_w", "dots", "swap")])
    design = np.stack([np.ones(4), x], 1)
    (_, slope), (residual,), *_ = np.linalg.lstsq(design, y, rcond=None)
    assert result.settings["slope"] == pytest.approx(slope)
    plain = of(report, "hc").plain
    assert plain.interval is not None
    of_items = ((plain.interval.high - plain.interval.low) / 2 / 1.959964) ** 2
    of_slope = residual / 2 / ((x - x.mean()) ** 2).sum() * 0.2**2
    total = of_items + of_slope
    assert result.settings["df"] == pytest.approx(total**2 / (of_slope**2 / 2), rel=1e-4)
    assert result.interval is not None
    assert result.interval.high - result.estimate > 1.96 * total**0.5


@pytest.mark.parametrize(
    ("arms", "changed", "why"),
    [
        (["sbs", "hc", "nt", "hc_w", "dots"], {"hc": 9.0}, "the arms do not overlap"),
        (["sbs", "hc", "nt", "hc_w"], {}, "2 other arms of this model are measured, and a slope needs 3"),
        (["sbs", "hc", "nt", "hc_w", "dots"], {"hc": None}, "the rows of hc are not measured"),
    ],
)
def test_what_cannot_be_told_is_refused(
    tmp_path: Path, arms: list[str], changed: dict[str, float | None], why: str
) -> None:
    means = {arm: mean for arm, mean in {**SURPRISAL, **changed}.items() if mean is not None}
    report = compare(runs(tmp_path, arms), learnability=[write_table(tmp_path / "t.parquet", means)])
    one = of(report, "hc")
    assert (one.result, one.refused) == (None, why)
    json.dumps(report_json(report))


def test_rows_that_another_student_read_are_not_taken(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.parquet", SURPRISAL, base_sha256="another")
    report = compare(runs(tmp_path, ["sbs", "hc", "nt", "hc_w", "dots"]), learnability=[table])
    assert of(report, "hc").refused == "the rows of hc are not measured"


def test_a_file_that_is_no_table_is_told(tmp_path: Path) -> None:
    made = runs(tmp_path, ["sbs", "hc"])
    (tmp_path / "x.parquet").write_text("x")
    with pytest.raises(StylerepError, match="this is no table of stylerep learnability"):
        compare(made, learnability=[tmp_path / "x.parquet"])
    pq.write_table(pa.table({"id": [1]}), tmp_path / "y.parquet")
    with pytest.raises(StylerepError, match="this is no table of stylerep learnability"):
        compare(made, learnability=[tmp_path / "y.parquet"])
    with pytest.raises(StylerepError, match="no such table of stylerep learnability"):
        compare(made, learnability=[tmp_path / "z.parquet"])


def test_a_difference_without_an_interval_stays_without_one() -> None:
    from harness_ext.compare.equal_learnability import _adjusted

    plain = Result(0.2, None, None, 1, "x", note="one item")
    result = _adjusted(plain, 0.5, [(1.0, 0.5), (2.0, 0.4), (3.0, 0.3)], 0.95)
    assert result.estimate == pytest.approx(0.25)
    assert (result.interval, result.p) == (None, None)
    sure = _adjusted(Result(0.2, Interval(0.2, 0.2, 0.95), 0.0, 9, "x"), 0.0, [(1, 1), (2, 1), (3, 1)], 0.95)
    assert sure.interval == Interval(0.2, 0.2, 0.95)


def test_common_range_is_the_smaller_of_both_ways() -> None:
    assert overlap(range(100), range(100)) == pytest.approx(0.9, abs=0.02)
    assert overlap(range(100), range(200, 300)) == 0
    assert overlap(range(1000), range(450, 550)) == pytest.approx(0.09, abs=0.01)
