"""A board ranks what is comparable, keeps each run apart, and grows by one command."""

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness_ext.compare import compare
from harness_ext.pages.leaderboard import Board, leaderboard
from harness_ext.pages.leaderboard.board import Entry
from harness_ext.stats import wilson_interval
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import study, write_run

N = 400


def rights(accuracy: float, n: int = N, shift: float = 0.0) -> list[float]:
    """Right answers for about that share of items; which ones, *shift* decides."""
    return [float((i * 0.6180339887 + shift) % 1 < accuracy) for i in range(n)]


def arms(folder: Path, accuracies: Mapping[str, float], task: str = "style_arith", **more: Any) -> list[Path]:
    made = enumerate(accuracies.items())
    return [
        write_run(
            folder / arm,
            rights(accuracy, shift=0.37 * i),
            task,
            base_model="org/m",
            family="f",
            arm=arm,
            **more,
        )
        for i, (arm, accuracy) in made
    ]


def entry(board: Board, arm: str, view: int = 0) -> Entry:
    (found,) = [
        one for one in (*board.views[view].entries, *board.views[view].unranked) if one.runs[0].arm == arm
    ]
    return found


def ranks(board: Board, view: int = 0) -> dict[str, tuple[int, int, int, str]]:
    return {
        one.runs[0].arm: (one.rank.rank, one.rank.best, one.rank.worst, one.rank.groups)
        for one in board.views[view].entries
        if one.rank
    }


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_best_row_has_an_interval_that_allows_for_the_choice(tmp_path: Path) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "nt": 0.32, "hc": 0.6, "st": 0.61})
    board, _ = leaderboard(runs, tmp_path / "board")
    (view,) = board.views
    assert view.best is not None
    assert (view.best.key, view.best.rows, view.best.alike) == (view.entries[0].key, 4, 2)
    own = view.entries[0].accuracy
    assert own is not None
    assert own.interval is not None
    wide = wilson_interval(round(own.estimate * N), N, 1 - 0.05 / 4)
    assert view.best.accuracy.interval is not None
    assert (view.best.accuracy.interval.low, view.best.accuracy.interval.high) == (wide.low, wide.high)
    assert wide.low < own.interval.low < own.interval.high < wide.high
    assert 0 < view.best.luck < 0.05
    (note,) = [note for note in view.notes if "is the best of 4" in note]
    assert "The first place may be luck: 1 of the other 3 can't be told from it" in note
    assert "may be luck" in (tmp_path / "board" / "index.html").read_text()
    content = json.loads((tmp_path / "board" / "board.json").read_text())
    assert content["views"][0]["best"]["alike"] == 2

    clear, _ = leaderboard(runs[:3], tmp_path / "clear")
    assert "It's shown to be above every other row." in clear.views[0].notes[-1]
    alone, _ = leaderboard(runs[:1], tmp_path / "alone")
    assert (alone.views[0].best, alone.views[0].notes) == (None, ())


def test_rows_are_ranked_with_the_ranks_that_the_data_allow(tmp_path: Path) -> None:
    board, _ = leaderboard(
        arms(tmp_path / "runs", {"base": 0.3, "nt": 0.32, "hc": 0.6, "st": 0.61}), tmp_path / "board"
    )
    assert ranks(board) == {
        "st": (1, 1, 2, "a"),
        "hc": (2, 1, 2, "a"),
        "nt": (3, 3, 4, "b"),
        "base": (4, 3, 4, "b"),
    }
    accuracy = entry(board, "hc").accuracy
    assert accuracy is not None
    assert accuracy.interval == wilson_interval(round(accuracy.estimate * N), N)


def test_pairs_that_a_board_tells_apart_are_those_that_compare_tells_apart(tmp_path: Path) -> None:
    runs = study(tmp_path / "runs", {"base": 0.40, "nt": 0.44, "hc": 0.5, "st": 0.6})
    board, _ = leaderboard(runs, tmp_path / "board")
    letters = {one.runs[0].arm: set(one.rank.groups) for one in board.views[0].entries if one.rank}
    pairs = {(one.arm, base): one.result.p for base in letters for one in compare(runs, base).comparisons}
    ordered = sorted({frozenset(pair): p for pair, p in pairs.items()}.items(), key=lambda one: one[1] or 0)
    running, different = 0.0, {}
    for place, (pair, p) in enumerate(ordered):
        running = max(running, (len(ordered) - place) * (p or 0))
        different[pair] = running <= 0.05
    assert len(ordered) == 6
    assert set(different.values()) == {True, False}
    for pair, told in different.items():
        one, two = pair
        assert (not letters[one] & letters[two]) == told


def test_the_overall_accuracy_counts_tasks_alike(tmp_path: Path) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "hc": 0.6})
    for run, accuracy in zip(runs, (0.8, 0.9), strict=True):
        write_run(run, rights(accuracy, 100), "style_chain")
    board, _ = leaderboard(runs, tmp_path / "board")
    assert [view.title for view in board.views] == ["All tasks", "style_arith", "style_chain"]
    first = entry(board, "hc")
    assert first.accuracy is not None
    assert first.accuracy.estimate == pytest.approx(
        np.mean([figure.estimate for figure in first.tasks.values()])
    )
    assert first.accuracy.interval is not None
    assert first.accuracy.interval.low < first.accuracy.estimate < first.accuracy.interval.high


def test_other_items_or_versions_of_a_task_are_not_ranked_together(tmp_path: Path) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "hc": 0.6})
    fewer = write_run(tmp_path / "runs/few", rights(0.9, 100), base_model="org/m", arm="few")
    newer = write_run(
        tmp_path / "runs/new", rights(0.9), base_model="org/m", arm="new", task_versions={"style_arith": 2}
    )
    board, _ = leaderboard([*runs, fewer, newer], tmp_path / "board")
    assert len(board.columns) == len(board.views) == 3
    assert set(ranks(board)) == {"base", "hc"}
    assert "version not known, 100 items" in entry(board, "few").reason
    assert "version 2, 400 items" in entry(board, "new").reason
    assert entry(board, "new").rank is None
    assert entry(board, "new").tasks  # its figure is shown beside


def test_a_row_with_few_tasks_takes_none_from_the_overall_ranking(tmp_path: Path) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "nt": 0.4, "hc": 0.6})
    for run in runs:
        write_run(run, rights(0.5), "style_chain")
    lone = arms(tmp_path / "runs", {"lone": 0.9})
    board, _ = leaderboard([*runs, *lone], tmp_path / "board")
    assert [column.task for column in board.views[0].columns] == ["style_arith", "style_chain"]
    assert entry(board, "lone").reason == "no style_chain"
    board, _ = leaderboard([], tmp_path / "board", tasks=["style_ar*"])
    assert [view.title for view in board.views] == ["style_arith", "style_chain"]
    assert set(ranks(board)) == {"base", "nt", "hc", "lone"}
    with pytest.raises(
        StylerepError,
        match=r"--tasks style_x: no run on the board has such a task; there are style_arith, style_chain\.",
    ):
        leaderboard([], tmp_path / "board", tasks=["style_x"])


def test_seeds_are_one_row_unless_they_are_asked_for_apart(tmp_path: Path) -> None:
    runs = study(tmp_path / "runs", {"base": 0.4, "hc": 0.6}, seeds=(0, 1, 2))
    board, _ = leaderboard(runs, tmp_path / "board")
    assert [len(one.runs) for one in board.views[0].entries] == [3, 1]
    assert board.views[0].entries[0].label == "llama3 hc, 3 seeds"
    assert set(ranks(board)) == {"hc", "base"}
    board, _ = leaderboard([], tmp_path / "board", by_seed=True)
    assert sorted(one.label for one in board.views[0].entries) == [
        "llama3 base",
        *(f"llama3 hc seed {seed}" for seed in range(3)),
    ]


def test_adding_a_run_touches_nothing_of_the_others(tmp_path: Path) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "hc": 0.6})
    before, _ = leaderboard(runs, tmp_path / "board")
    kept = contents(tmp_path / "board/runs") | contents(tmp_path / "board/items")
    for run in runs:
        shutil.rmtree(run)  # the board does without them
    after, changed = leaderboard(arms(tmp_path / "more", {"st": 0.9}), tmp_path / "board")
    now = contents(tmp_path / "board/runs") | contents(tmp_path / "board/items")
    assert {name: now[name] for name in kept} == kept
    assert len(now) > len(kept)
    for arm in ("base", "hc"):
        old, new = entry(before, arm), entry(after, arm)
        assert (old.accuracy, old.style, old.equal_length, old.tasks) == (
            new.accuracy,
            new.style,
            new.equal_length,
            new.tasks,
        )
    assert ranks(after)["st"][0] == 1
    assert len(changed.added) == 1


def test_building_again_changes_no_byte_and_reads_nothing_anew(tmp_path: Path) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "hc": 0.6})
    leaderboard(runs, tmp_path / "board")
    before = contents(tmp_path / "board")
    _, changed = leaderboard(runs, tmp_path / "board")
    assert contents(tmp_path / "board") == before
    assert (len(changed.added), len(changed.unchanged)) == (0, 2)
    leaderboard(list(reversed(runs)), tmp_path / "other", baseline=str(runs[0]))
    assert set(contents(tmp_path / "other")) == set(before)


def test_a_run_evaluated_again_takes_its_own_place(tmp_path: Path) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "hc": 0.6})
    leaderboard(runs, tmp_path / "board")
    write_run(runs[1], rights(0.8), base_model="org/m", family="f", arm="hc")
    board, changed = leaderboard(runs, tmp_path / "board")
    figure = entry(board, "hc").accuracy
    assert figure is not None
    assert figure.estimate == pytest.approx(0.8, abs=0.01)
    assert len(board.runs) == 2
    assert (len(changed.added), len(changed.unchanged)) == (1, 1)


def test_two_folders_of_one_run_must_not_contradict_each_other(tmp_path: Path) -> None:
    one = write_run(tmp_path / "a", rights(0.3), base_model="m", arm="base")
    two = write_run(tmp_path / "b", rights(0.4), base_model="m", arm="base")
    with pytest.raises(StylerepError, match="with different responses to style_arith; give one of them"):
        leaderboard([one, two], tmp_path / "board")
    other = write_run(tmp_path / "c", rights(0.5), "style_chain", base_model="m", arm="base")
    board, _ = leaderboard([one, other], tmp_path / "board")  # other tasks of it are one row
    assert len(board.runs) == 1
    assert len(board.columns) == 2


def test_a_killed_build_leaves_the_board_as_it_was_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "hc": 0.6})
    leaderboard(runs[:1], tmp_path / "board")
    before = contents(tmp_path / "board")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness_ext.pages.leaderboard.shards.write_outcomes", killed)
    with pytest.raises(KeyboardInterrupt):
        leaderboard(runs, tmp_path / "board")
    assert contents(tmp_path / "board") == before
    monkeypatch.undo()
    board, _ = leaderboard(runs, tmp_path / "board")
    assert set(ranks(board)) == {"base", "hc"}


def test_runs_are_taken_off(tmp_path: Path) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "hc": 0.6})
    lone = write_run(tmp_path / "runs/lone", rights(0.9, 50), "style_chain", base_model="org/m", arm="lone")
    leaderboard([*runs, lone], tmp_path / "board")
    assert len(list((tmp_path / "board/items").iterdir())) == 2
    board, _ = leaderboard([], tmp_path / "board", remove=["lone"])
    assert [run.arm for run in board.runs] == ["base", "hc"]
    assert len(list((tmp_path / "board/items").iterdir())) == 1
    with pytest.raises(StylerepError, match=r"--remove x: no run is called so; there are m base \(m-base-"):
        leaderboard([], tmp_path / "board", remove=["x"])


def test_accuracy_at_equal_length_is_the_baselines_plus_what_length_does_not_account_for(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(3)
    words = rng.normal(100, 30, N).clip(5)
    longer = words * rng.lognormal(0.2, 0.3, N)
    base = write_run(
        tmp_path / "base", rights(0.4), style={"trace_words": words.tolist()}, base_model="m", arm="base"
    )
    hc = write_run(
        tmp_path / "hc", rights(0.6), style={"trace_words": longer.tolist()}, base_model="m", arm="hc"
    )
    far = write_run(
        tmp_path / "far", rights(0.6), style={"trace_words": (50 * words).tolist()}, base_model="m", arm="far"
    )
    board, _ = leaderboard([base, hc, far], tmp_path / "board")
    baseline, first, other = entry(board, "base"), entry(board, "hc"), entry(board, "far")
    assert baseline.equal_length == baseline.accuracy
    comparison = next(one for one in compare([base, hc]).comparisons if one.arm == "hc")
    assert first.equal_length is not None
    assert abs(first.equal_length.estimate - 0.6) < 0.1
    assert comparison.result.estimate == pytest.approx(0.2, abs=0.01)
    assert (other.equal_length, other.length_note) == (
        None,
        "its traces and the baseline's hardly overlap in length",
    )


def test_the_pareto_front_says_how_sure_it_is(tmp_path: Path) -> None:
    dull, styled, poor = (
        write_run(
            tmp_path / arm,
            rights(accuracy),
            style={"pivot_density": [density] * N, "trace_words": [words] * N},
            base_model="m",
            arm=arm,
        )
        for arm, accuracy, density, words in (
            ("dull", 0.7, 0.5, 20.0),
            ("styled", 0.5, 3.0, 90.0),
            ("poor", 0.4, 2.0, 99.0),
        )
    )
    board, _ = leaderboard([dull, styled, poor], tmp_path / "board")
    fronts = {arm: entry(board, arm).fronts for arm in ("dull", "styled", "poor")}
    assert [fronts[arm]["pivot_density"].member for arm in fronts] == [True, True, False]
    assert [fronts[arm]["trace_words"].member for arm in fronts] == [True, False, False]
    assert fronts["dull"]["pivot_density"].share == 1
    assert fronts["poor"]["pivot_density"].share < 0.05
    assert "style_adherence" not in fronts["dull"]


def test_differences_of_decoding_are_said(tmp_path: Path) -> None:
    runs = [
        write_run(
            tmp_path / arm,
            rights(0.5),
            base_model="m",
            arm=arm,
            gen_kwargs={"max_gen_toks": tokens},
            chat_template=True,
        )
        for arm, tokens in (("base", 128), ("hc", 1024))
    ]
    board, _ = leaderboard(runs, tmp_path / "board")
    assert [entry(board, arm).runs[0].decoding for arm in ("base", "hc")] == [
        "max_gen_toks=128; chat template",
        "max_gen_toks=1024; chat template",
    ]
    assert "not all made with the same decoding" in board.views[0].notes[0]


def test_plain_lm_eval_folders_stand_alone_and_tasks_without_accuracy_are_left_out(tmp_path: Path) -> None:
    one, two = write_run(tmp_path / "one", rights(0.4)), write_run(tmp_path / "two", rights(0.6))
    rows = [{"doc_hash": "a", "filter": "none", "word_perplexity": 3.0}]
    (two / "model/samples_wiki_2026-11-22T10-00-00.0.jsonl").write_text(json.dumps(rows[0]) + "\n")
    board, changed = leaderboard([one, two], tmp_path / "board")
    assert [run.label for run in board.runs] == ["one", "two"]
    assert changed.notes == [
        next(note for note in changed.notes if "wiki: left out, since its items have no acc" in note)
    ]


def test_the_same_table_as_text(tmp_path: Path) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "=cmd|x": 0.6})
    board, _ = leaderboard(runs, tmp_path / "board", title="My *board*")
    out = tmp_path / "board"
    lines = list(csv.DictReader((out / "table.csv").read_text().splitlines()))
    assert [line["arm"] for line in lines] == ["'=cmd|x", "base"]
    assert float(lines[0]["accuracy"]) == pytest.approx(0.6, abs=0.01)
    table = (out / "table.md").read_text()
    assert "| 1 | a | m | f | =cmd\\|x |" in table
    assert r"\begin{tabular}" in (out / "table.tex").read_text()
    content = json.loads((out / "board.json").read_text())
    assert content["signature"] == board.signature
    assert content["settings"]["title"] == "My *board*"
    assert str(tmp_path) not in json.dumps(content) + "".join(
        path.read_text() for path in out.rglob("run.json")
    )


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (
            lambda out: (out.mkdir(), (out / "thesis.txt").write_text("x")),
            "this holds something other than a board",
        ),
        (lambda out: (out.mkdir(), (out / "board.json").write_text("{")), "this is not the file of a board"),
        (lambda out: None, "there is no board here; name run folders to make one"),
    ],
)
def test_a_folder_that_is_no_board_is_left_alone(tmp_path: Path, prepare: Any, message: str) -> None:
    out = tmp_path / "board"
    prepare(out)
    before = contents(out) if out.exists() else None
    runs: Sequence[Path] = [] if before is None else arms(tmp_path / "runs", {"base": 0.3})
    with pytest.raises(StylerepError, match=message):
        leaderboard(runs, out)
    assert (contents(out) if out.exists() else None) == before


def test_bad_runs_are_named(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="there is no such run folder"):
        leaderboard([tmp_path / "none"], tmp_path / "board")
    (tmp_path / "empty").mkdir()
    with pytest.raises(StylerepError, match=r"no samples_\*.jsonl lies in it"):
        leaderboard([tmp_path / "empty"], tmp_path / "board")
    cut = write_run(tmp_path / "cut", [1, 0])
    path = next(cut.rglob("*.jsonl"))
    path.write_text(path.read_text()[:-20])
    with pytest.raises(StylerepError, match=r"line 2: this is not valid JSON"):
        leaderboard([cut], tmp_path / "board")
    with pytest.raises(StylerepError, match="acc must lie between 0 and 1, found 7"):
        leaderboard([write_run(tmp_path / "odd", [7])], tmp_path / "board")


def test_a_board_may_keep_few_responses_or_none(tmp_path: Path, pages: Any) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "hc": 0.6})
    for traces, texts in ((2, 1), (0, 0)):
        board, _ = leaderboard(runs, tmp_path / "board", traces=traces)
        place = f"column={board.columns[0].id}&a={board.runs[0].id}&b={board.runs[1].id}"
        for item, found in ((2, 2 * texts), (3, 0)):
            page = pages.open(tmp_path / "board/traces.html", f"{place}&item={item}")
            assert page.locator(".panel").count() == 2
            assert page.get_by_text("This board does not keep the response").count() == 2 - found
            assert page.locator("#items li").count() == N
    board, _ = leaderboard(runs, tmp_path / "board", all_traces=True)
    page = pages.open(tmp_path / "board/traces.html", f"column={board.columns[0].id}&item={N}")
    assert page.get_by_text("does not keep").count() == 0


def test_the_command_says_what_it_did(stylerep_here: Any, tmp_path: Path) -> None:
    runs = arms(tmp_path / "runs", {"base": 0.3, "hc": 0.6})
    result = stylerep_here("leaderboard", *runs, "-o", tmp_path / "board")
    assert result.returncode == 0, result.stderr
    assert "(2 runs: 2 added or renewed)" in result.stdout
    assert "style_arith (style_arith: version not known, 400 items" in " ".join(result.stdout.split())
    again = stylerep_here("leaderboard", runs[0], "-o", tmp_path / "board")
    assert "(2 runs: 1 unchanged)" in again.stdout
