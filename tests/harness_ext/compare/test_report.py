"""Pairing, grouping, verdicts and effects over families."""

import json
from pathlib import Path

import numpy as np
import pytest

from harness_ext.compare import compare, report_json
from harness_ext.runs.run_folder import load_run
from harness_ext.stats import PairedCounts, Verdict, crossed_mean, newcombe_interval, random_effects
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import study, write_run


def test_pairs_items_whatever_their_order(tmp_path: Path) -> None:
    base, other = (
        write_run(tmp_path / "base", [1, 0, 0, 1, 0, 0]),
        write_run(tmp_path / "hc", [1, 1, 1, 0, 0, 1]),
    )
    path = next(other.rglob("*.jsonl"))
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    (comparison,) = compare([base, other]).comparisons
    table = PairedCounts(1, 3, 1, 1)
    assert comparison.result.interval == newcombe_interval(table)
    assert comparison.equivalence == newcombe_interval(table, 0.9)
    assert comparison.result.estimate == pytest.approx(2 / 6)
    assert comparison.signature.startswith("test:mcnemar-midp|n:6|b:3|c:1|")


def test_the_baseline_may_be_named(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, [1, 0]) for name in ("a", "b", "c")]
    report = compare(runs, baseline=runs[1])
    assert [(item.run, item.baseline) for item in report.comparisons] == [("a", "b"), ("c", "b")]
    assert report.cells[0].run == "b"


def test_every_shared_task_is_compared_and_json_is_plain(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / name, [1, 0, 1])
        write_run(tmp_path / name, [0, 0, 1], task="style_gsm8k")
    report = compare([tmp_path / "a", tmp_path / "b"])
    content = json.loads(json.dumps(report_json(report)))
    assert [item["task"] for item in content["comparisons"]] == ["style_arith", "style_gsm8k"]
    assert content["cells"][0]["pivot_density"] == 2.0
    assert all(
        item["p_adjusted"] >= item["p"] and item["correction"] == "holm" for item in content["comparisons"]
    )


def test_the_newest_samples_of_a_task_count(tmp_path: Path) -> None:
    write_run(tmp_path / "a", [0, 0])
    write_run(tmp_path / "a", [1, 1], date="2026-11-23T10-00-00.000001")
    (items,) = load_run(tmp_path / "a").tasks.values()
    assert all(item.metrics["acc"] == 1 for item in items.values())


def test_different_items_are_refused_by_hash(tmp_path: Path) -> None:
    base, other = write_run(tmp_path / "a", [1, 0, 1]), write_run(tmp_path / "b", [1, 0, 1], first=2)
    with pytest.raises(StylerepError, match=r"2 of 3 items of .*b are missing from .*a .*000"):
        compare([base, other])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{cut", "line 3: this is not valid JSON"),
        ("{}", "line 3: expected a sample"),
        (json.dumps({"doc_hash": f"{1:064d}", "filter": "none", "acc": 1}), "a second time"),
    ],
)
def test_a_damaged_samples_file_is_named(tmp_path: Path, line: str, says: str) -> None:
    base, other = write_run(tmp_path / "a", [1, 0]), write_run(tmp_path / "b", [1, 0])
    with next(other.rglob("*.jsonl")).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(StylerepError, match=says):
        compare([base, other])


def test_scores_beyond_0_and_1_are_refused(tmp_path: Path) -> None:
    base, other = write_run(tmp_path / "a", [1, 0]), write_run(tmp_path / "b", [1, 2])
    with pytest.raises(StylerepError, match=r"item 0+: acc must lie between 0 and 1, found 2\.0"):
        compare([base, other])


def test_shares_of_several_samples_are_compared_by_their_means(tmp_path: Path) -> None:
    base, other = write_run(tmp_path / "a", [0.5, 0.25, 0, 1]), write_run(tmp_path / "b", [1, 0.5, 0.25, 1])
    (comparison,) = compare([base, other]).comparisons
    assert comparison.result.method == "paired-t"
    assert comparison.result.estimate == pytest.approx(0.25)


def test_one_run_or_no_common_task_is_refused(tmp_path: Path) -> None:
    base, other = write_run(tmp_path / "a", [1]), write_run(tmp_path / "b", [1], task="style_gsm8k")
    with pytest.raises(StylerepError, match="two different"):
        compare([base, base])
    with pytest.raises(StylerepError, match="share no task"):
        compare([base, other])
    with pytest.raises(StylerepError, match="2 runs lie in this folder"):
        compare([base, tmp_path])
    (tmp_path / "empty").mkdir()
    with pytest.raises(StylerepError, match="no samples"):
        compare([base, tmp_path / "empty"])
    with pytest.raises(StylerepError, match="no such run folder"):
        compare([base, tmp_path / "nowhere"])


def test_shared_items_are_compared_only_if_asked(tmp_path: Path) -> None:
    base, other = write_run(tmp_path / "a", [1, 0, 1, 0]), write_run(tmp_path / "b", [1, 1, 1], first=2)
    report = compare([base, other], partial=True)
    assert report.comparisons[0].result.n == 2
    assert report.comparisons[0].left_out == 3
    assert "3 items that only one of them has are left out" in report.notes[0]
    far = write_run(tmp_path / "c", [1], first=9)
    with pytest.raises(StylerepError, match="no item is shared"):
        compare([base, far], partial=True)


def test_every_model_is_compared_with_its_own_baseline(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.3, "hc": 0.5}, ("llama3", "qwen3"), n=60)
    report = compare(runs)
    assert [(one.run, one.baseline) for one in report.comparisons] == [
        ("llama3-hc-0", "llama3-base-None"),
        ("qwen3-hc-0", "qwen3-base-None"),
    ]
    assert [(one.run, one.baseline) for one in compare(runs, "hc").comparisons][1] == (
        "qwen3-base-None",
        "qwen3-hc-0",
    )
    assert {one.baseline for one in compare(runs, runs[0]).comparisons} == {"llama3-base-None"}


def test_runs_of_one_name_are_told_apart_by_the_folders_above(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / model / "runs" / arm, [1, 0, 1], arm=arm, base_model=model, family=model)
        for model in ("m", "n")
        for arm in ("base", "hc")
    ]
    runs.append(write_run(tmp_path / "other", [1, 1, 1], arm="st", base_model="m", family="m"))
    assert [cell.run for cell in compare(runs).cells] == [
        "m/runs/base",
        "n/runs/base",
        "m/runs/hc",
        "n/runs/hc",
        "other",
    ]


def test_a_baseline_that_is_not_there_is_refused(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.3, "hc": 0.5}, ("llama3", "qwen3"), n=20)
    with pytest.raises(
        StylerepError, match=r"neither one of the run folders nor one of their arms \(base, hc\)"
    ):
        compare(runs, "st")
    with pytest.raises(StylerepError, match="no run of arm base of org/qwen3"):
        compare([*runs[:2], runs[3]])


def test_seeds_are_draws_from_many(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.3, "hc": 0.4}, seeds=(0, 1, 2), n=200)
    report = compare(runs)
    (comparison,) = report.comparisons
    base, *others = [load_run(run).tasks["style_arith", "none"] for run in runs]
    d = np.array(
        [[other[item].metrics["acc"] - base[item].metrics["acc"] for item in base] for other in others]
    )
    assert comparison.result.interval == crossed_mean(d).interval
    assert comparison.run == "hc, 3 seeds"
    assert comparison.variance is not None
    assert [cell.seeds for cell in report.cells] == [1, 3]
    apart = compare(runs, by="family,arm,seed,task")
    assert [one.run for one in apart.comparisons] == ["llama3-hc-0", "llama3-hc-1", "llama3-hc-2"]
    assert all(one.result.method == "mcnemar-midp" for one in apart.comparisons)


def test_seeds_are_paired_with_seeds(tmp_path: Path) -> None:
    runs = study(tmp_path, {"st": 0.4, "hc": 0.4}, seeds=(0, 1, 2), n=50)
    whole, without = compare(runs).comparisons[0], compare(runs[:-1]).comparisons[0]
    assert (whole.result.settings["seeds"], without.result.settings["seeds"]) == (3, 2)
    with pytest.raises(StylerepError, match=r"share no seed \(2, 1; 0\)|share no seed"):
        compare(
            [
                *runs[:2],
                write_run(
                    tmp_path / "x", [1] * 50, base_model="org/llama3", family="llama3", arm="hc", seed=8
                ),
                write_run(
                    tmp_path / "y", [1] * 50, base_model="org/llama3", family="llama3", arm="hc", seed=9
                ),
            ]
        )


def test_one_run_twice_is_no_second_seed(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.3, "hc": 0.4}, n=30)
    again = write_run(
        tmp_path / "again", [1.0] * 30, base_model="org/llama3", family="llama3", arm="hc", seed=0
    )
    assert [one.run for one in compare([*runs, again]).comparisons] == ["llama3-hc-0", "again"]


def test_other_decoding_is_no_second_seed(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.3, "hc": 0.4}, n=30)
    other = write_run(
        tmp_path / "other",
        [1.0] * 30,
        base_model="org/llama3",
        family="llama3",
        arm="hc",
        seed=1,
        gen_kwargs={"max_gen_toks": 8},
    )
    assert [one.run for one in compare([*runs, other]).comparisons] == ["llama3-hc-0", "other"]


def test_families_are_draws_from_many(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.3, "hc": 0.5}, ("llama3", "qwen3", "gemma2"))
    report = compare(runs)
    (across,) = report.families
    assert across.families == ("llama3", "qwen3", "gemma2")
    widths = [
        one.result.interval.high - one.result.interval.low
        for one in report.comparisons
        if one.result.interval
    ]
    wanted = random_effects(
        [one.result.estimate for one in report.comparisons], [width / (2 * 1.96) for width in widths]
    ).result
    found = across.summary.result
    assert found.interval is not None
    assert wanted.interval is not None
    assert found.estimate == pytest.approx(wanted.estimate, abs=2e-3)
    assert found.interval.low == pytest.approx(wanted.interval.low, abs=1e-2)
    assert across.verdict is Verdict.DIFFERENT
    only = compare(runs, by="arm,task")
    assert only.comparisons == []
    assert only.families[0].summary == across.summary


def test_tasks_may_be_taken_together(tmp_path: Path) -> None:
    for name, right in (("a", [1, 0, 1, 0, 1, 0]), ("b", [1, 1, 1, 0, 1, 1])):
        write_run(tmp_path / name, right)
        write_run(tmp_path / name, right[::-1], task="style_gsm8k")
    (comparison,) = compare([tmp_path / "a", tmp_path / "b"], by="arm").comparisons
    assert comparison.task == "2 tasks"
    assert comparison.result.estimate == pytest.approx(2 / 6)
    assert comparison.result.n == 12


@pytest.mark.parametrize(("by", "says"), [("family,task", "must name arm"), ("arm,size", "found 'size'")])
def test_rows_that_there_cannot_be_are_refused(tmp_path: Path, by: str, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        compare([tmp_path], by=by)


def test_inconclusive_verdicts_say_how_many_items_would_settle_them(tmp_path: Path) -> None:
    base, other = (
        write_run(tmp_path / "a", [1, 0] * 20),
        write_run(tmp_path / "b", [1, 0] * 18 + [1, 1, 1, 0]),
    )
    (comparison,) = compare([base, other]).comparisons
    assert comparison.verdict is Verdict.INCONCLUSIVE
    assert comparison.settlement is not None
    assert comparison.settlement.items is not None
    assert comparison.settlement.items > 40


def test_other_methods_stand_beside(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.3, "hc": 0.5}, n=80)
    (comparison,) = compare(runs, margin=0.1).comparisons
    beside = {result.method: result for result in comparison.beside}
    assert set(beside) == {
        "mcnemar-exact",
        "tost-newcombe",
        "tost-tango",
        "dirichlet-posterior",
        "matched-odds-ratio",
    }
    assert comparison.equivalence == beside["tost-newcombe"].interval


def test_shares_of_the_gain_are_found_by_arms(tmp_path: Path) -> None:
    runs = study(tmp_path, {"base": 0.2, "st": 0.6, "hc": 0.55, "hc_w": 0.4})
    shares = {one.question: one.result for one in compare(runs).shares}
    assert len(shares) == 3
    recovered = shares["share of the gain of st that hc recovers"]
    assert recovered.interval is not None
    assert 0.7 < recovered.interval.low < recovered.estimate < recovered.interval.high < 1.1
    nothing = study(tmp_path / "flat", {"base": 0.4, "st": 0.4, "hc": 0.4}, n=50)
    (undefined,) = compare(nothing).shares
    assert undefined.result.interval is None
    assert "undefined" in undefined.result.note


def test_style_differs_also_at_equal_length(tmp_path: Path) -> None:
    (comparison,) = compare(study(tmp_path, {"base": 0.3, "hc": 0.5}, n=60)).comparisons
    style = {effect.metric: effect for effect in comparison.style}
    assert set(style) == {"pivot_density", "trace_words"}
    density = style["pivot_density"]
    assert density.mean.estimate == pytest.approx(3, abs=0.3)
    assert density.at_equal_length is not None
    assert density.at_equal_length.estimate == pytest.approx(3, abs=0.3)
    assert style["trace_words"].at_equal_length is None
    assert density.mean.p is not None
    assert density.mean.p <= density.p_adjusted < 0.01


def test_nothing_is_said_of_equal_length_where_lengths_hardly_overlap(tmp_path: Path) -> None:
    words, more = [float(40 + i) for i in range(20)], [float(400 + i) for i in range(20)]
    base = write_run(tmp_path / "a", [1, 0] * 10, style={"pivot_density": words, "trace_words": words})
    other = write_run(tmp_path / "b", [1, 0] * 10, style={"pivot_density": more, "trace_words": more})
    (comparison,) = compare([base, other]).comparisons
    assert all(effect.at_equal_length is None for effect in comparison.style)


def test_decoding_that_differs_is_said(tmp_path: Path) -> None:
    base = write_run(tmp_path / "a", [1, 0], arm="base", base_model="m", gen_kwargs={"max_gen_toks": 64})
    other = write_run(tmp_path / "b", [1, 0], arm="hc", base_model="m", gen_kwargs={"max_gen_toks": 128})
    assert any("differ in gen_kwargs" in note for note in compare([base, other]).notes)


def test_three_arms_are_tested_together(tmp_path: Path) -> None:
    report = compare(study(tmp_path, {"base": 0.2, "nt": 0.25, "hc": 0.6}))
    ((model, task, result),) = report.omnibus
    assert (model, task, result.method) == ("org/llama3", "style_arith", "cochran-q")
    assert result.p is not None
    assert result.p < 0.001
