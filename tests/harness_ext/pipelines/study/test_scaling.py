"""Accuracy against size and graph search entropy: what is read from runs, the relation fitted,
and what is said where there is none.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness_ext.pipelines.study.scaling import read_scaling, scaling_svg, scaling_tables

SIZES = {"small": 2_000_000, "middle": 8_000_000, "large": 32_000_000}


def write_run(
    folder: Path, model: str, arm: str, rows: list[tuple[float, int, bool]], parameters: int | None
) -> Path:
    """Write what lm_eval leaves of a run: answers to problems of given entropy and hops."""
    run = folder / model / arm
    run.mkdir(parents=True)
    lines = [
        {
            "doc_id": i,
            "doc_hash": f"item{i}",
            "filter": "none",
            "acc": float(right),
            "doc": {"meta": json.dumps({"graph_search_entropy": bits, "hops": hops})},
        }
        for i, (bits, hops, right) in enumerate(rows)
    ]
    (run / "samples_style_kg_2026-01-01T00-00-00.000000.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8"
    )
    config: dict[str, Any] = (
        {} if parameters is None else {"model_num_parameters": parameters + (1000 if arm != "base" else 0)}
    )
    (run / "results_2026-01-01T00-00-00.000000.json").write_text(
        json.dumps({"config": config}), encoding="utf-8"
    )
    manifest = {"base_model": model, "arm": arm, "adapter_sha256": None if arm == "base" else "0" * 64}
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return run


def answers(size: int, by_size: float, by_entropy: float, n: int = 400) -> list[tuple[float, int, bool]]:
    """Draw answers from a relation; entropy and hops of item i are the same for every size."""
    items, luck = np.random.default_rng(1), np.random.default_rng(size)
    bits, hops = items.uniform(20, 120, n), items.integers(2, 7, n)
    chance = 1 / (1 + np.exp(-(by_size * (np.log2(size) - 23) + by_entropy * (bits - 70))))
    return [(float(b), int(h), bool(r)) for b, h, r in zip(bits, hops, luck.random(n) < chance, strict=True)]


def runs_of(folder: Path, by_size: float, by_entropy: float, arm: str = "base") -> list[Path]:
    return [
        write_run(folder, model, arm, answers(size, by_size, by_entropy), size)
        for model, size in SIZES.items()
    ]


def test_the_relation_that_answers_were_drawn_from_is_found(tmp_path: Path) -> None:
    (found,) = read_scaling(runs_of(tmp_path, 0.7, -0.03))
    fitted = found.fit()
    assert fitted is not None
    for column, truth in enumerate((0.7, -0.3)):
        assert abs(fitted.coefficients[column] - truth) < 3 * fitted.standard_error(column)
    accuracies, relation = scaling_tables([found])
    assert [row[:2] for row in accuracies.rows] == [
        ("small", "2.0 M"),
        ("middle", "8.0 M"),
        ("large", "32.0 M"),
    ]
    assert len(accuracies.header) == 7
    by_name = {row[1]: row[2] for row in relation.rows if row[0] == "size and entropy"}
    times, low, high = (
        float(number)
        for number in (
            by_name["times the parameters for 10 bits"]
            .replace("[", "")
            .replace("]", "")
            .replace(",", "")
            .split()
        )
    )
    assert low < 2 ** (0.3 / 0.7) < high
    assert low < times < high
    assert {row[1] for row in relation.rows if row[0] == "with hops"} == {
        "twice the parameters",
        "10 bits more",
        "a hop more",
    }
    assert "large (32.0 M)" in scaling_svg([found])


def test_arms_are_kept_apart_and_sized_by_the_model_without_adapter(tmp_path: Path) -> None:
    found = read_scaling([*runs_of(tmp_path, 0.7, 0.0), *runs_of(tmp_path, 0.0, 0.0, "sbs")])
    assert [one.arm for one in found] == ["base", "sbs"]
    assert all(set(one.parameters.tolist()) == set(SIZES.values()) for one in found)


def test_seeds_that_answer_the_same_problems_are_no_more_problems(tmp_path: Path) -> None:
    once = [
        write_run(tmp_path, model, "base", answers(size, 0.7, 0.0), size) for model, size in SIZES.items()
    ]
    for run in once:
        twice = run.parent / "again"
        shutil.copytree(run, twice)
    one, other = (read_scaling(runs)[0] for runs in (once, [*once, *(run.parent / "again" for run in once)]))
    fits = one.fit(), other.fit()
    assert fits[0] is not None
    assert fits[1] is not None
    assert fits[1].standard_error(0) == pytest.approx(fits[0].standard_error(0), rel=0.02)
    assert [row[2] for row in scaling_tables([one])[0].rows] == [
        row[2] for row in scaling_tables([other])[0].rows
    ]


def test_no_exchange_is_told_where_size_is_not_shown_to_help(tmp_path: Path) -> None:
    _, relation = scaling_tables(read_scaling(runs_of(tmp_path, 0.0, -0.03)))
    (said,) = [row[2] for row in relation.rows if row[1].startswith("times")]
    assert said == "undefined: more parameters are not shown to help"


def test_models_that_all_fail_still_make_a_table(tmp_path: Path) -> None:
    runs = [
        write_run(
            tmp_path, model, "base", [(bits, hops, False) for bits, hops, _ in answers(size, 0, 0)], size
        )
        for model, size in SIZES.items()
    ]
    accuracies, relation = scaling_tables(read_scaling(runs))
    assert accuracies.rows[0][2].startswith("0.0 [0.0")
    assert [row[2] for row in relation.rows] == ["undefined: all answers are right, or all wrong"]


@pytest.mark.parametrize("case", ["one size", "no size", "no entropy"])
def test_nothing_is_made_of_too_little(case: str, tmp_path: Path) -> None:
    runs = runs_of(tmp_path, 0.7, -0.03)
    if case == "one size":
        runs = runs[:1]
    for run in runs:
        if case == "no size":
            next(run.glob("results_*")).write_text("{}", encoding="utf-8")
        if case == "no entropy":
            path = next(run.glob("samples_*"))
            path.write_text(
                path.read_text(encoding="utf-8").replace("graph_search_entropy", "steps"), encoding="utf-8"
            )
    assert read_scaling(runs) == []
