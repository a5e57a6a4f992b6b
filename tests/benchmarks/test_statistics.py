"""The Monte-Carlo table and the speed of docs/measurements/statistics.md are made by benchmarks/statistics:
every part runs, and the page holds its rows.
"""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pytest

from benchmarks.statistics.__main__ import main
from benchmarks.statistics.pooled_seeds import Cell as SeedsCell
from benchmarks.statistics.pooled_seeds import accuracies, simulated, squares, unequal_cells
from benchmarks.statistics.replaying import replay
from benchmarks.statistics.rows import REASONS, Cell, Row, Scenario, measured, put, reason, table
from benchmarks.statistics.scenarios import scenarios
from benchmarks.statistics.scenarios.true_data import counted, families
from benchmarks.statistics.settling import planned, settle_cell
from benchmarks.statistics.speed import speed
from benchmarks.statistics.watch_speed import watch_speed
from benchmarks.statistics.watching import differences, watch, watch_cell
from harness_ext.stats import PairedCounts, effect_of_counts, items_for_difference, items_for_equivalence
from harness_ext.stats.crossed import mean_squares

PAGE = Path(__file__).parents[2] / "docs/measurements/statistics.md"
NAMES = [(scenario.section, name) for scenario in scenarios() for name in scenario.names]


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: next(iter(scenario.names)))
def test_every_scenario_gives_shares(scenario: Scenario) -> None:
    rows = list(measured(scenario, 3 * scenario.part, 1))
    assert [row.name for row in rows] == list(scenario.names)
    assert rows == list(measured(scenario, 3 * scenario.part, 1))
    assert all(row.cells for row in rows)
    assert all(0 <= cell.value <= 1 for row in rows for cell in row.cells.values())


def page_rows() -> dict[tuple[str, str], list[str]]:
    text = (
        PAGE.read_text(encoding="utf-8")
        .partition("<!-- montecarlo -->")[2]
        .partition("<!-- /montecarlo -->")[0]
    )
    found: dict[tuple[str, str], list[str]] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("### "):
            section = line[4:]
        elif line.startswith("| ") and not line.startswith("| |"):
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            found[section, name] = cells
    return found


def test_the_page_has_the_rows_of_the_benchmark() -> None:
    assert list(page_rows()) == NAMES


def test_the_page_explains_every_entry_outside() -> None:
    outside = [key for key, cells in page_rows().items() if any("outside" in cell for cell in cells)]
    assert outside
    assert [key for key in outside if reason(Row(*key, {})) is None] == []
    assert "Not explained" not in PAGE.read_text(encoding="utf-8")


def test_every_reason_concerns_a_row() -> None:
    assert [
        pattern
        for pattern in REASONS
        if not any(fnmatchcase(f"{section}: {name}", pattern) for section, name in NAMES)
    ] == []


def test_what_is_outside_is_marked_and_explained() -> None:
    fine, off = Cell(0.055, 400, 0.05, 0.01), Cell(0.07, 400, 0.05, 0.01)
    assert (str(fine), str(off)) == ("0.055 ± 0.011", "**0.070 ± 0.013** outside")
    lines = table([Row("Here", "a test", {"200": fine, "500": off})])
    assert "| a test | 0.055 ± 0.011 | **0.070 ± 0.013** outside |" in lines
    assert "1 of 2 entries are inside; the 1 others:" in lines
    assert lines[-1] == "- Not explained. Concerned: a test (500)."


def test_outside_without_a_reason_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("benchmarks.statistics.rows.REASONS", {})
    with pytest.raises(SystemExit, match=r"outside without a reason: .*McNemar exact, discordance 0.05"):
        main(["montecarlo", "--draws", "500", "--only", "*McNemar exact, discordance 0.05"])
    assert "Not explained" in capsys.readouterr().out


def test_errors_of_families_are_those_of_the_effects() -> None:
    effects, errors, _ = families(np.random.default_rng(3), 4, 0.0)
    rng = np.random.default_rng(3)
    rng.normal(0, 0, 5)
    n = rng.choice([200, 500, 1000], 4)
    tables = rng.multinomial(n, np.tile([0.5, 0.1, 0.1, 0.3], (4, 1)))
    expected = [effect_of_counts(PairedCounts(*(int(cell) for cell in cells))) for cells in tables]
    assert effects == pytest.approx([one.estimate for one in expected])
    assert errors == pytest.approx([one.error for one in expected])


def test_tables_have_the_truth_asked_for() -> None:
    both, b, c, neither = counted(np.random.default_rng(0), 500, 4000, 0.2, 0.05).mean(axis=1) / 500
    assert ((b - c, b + c), both + neither) == (
        (pytest.approx(0.05, abs=0.001), pytest.approx(0.2, abs=0.002)),
        pytest.approx(0.8, abs=0.002),
    )


def test_speed_is_written_into_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- speed -->\nold\n<!-- /speed -->\nafter\n", encoding="utf-8")
    speed(2, 0, page, draws=999, size={"runs": 3, "tasks": 2, "items": 60})
    text = page.read_text(encoding="utf-8")
    assert re.match(r"before\n<!-- speed -->\n\n`python -m benchmarks.statistics speed", text)
    assert text.endswith("<!-- /speed -->\nafter\n")
    assert "old" not in text
    assert "6 pairs, 999 flips" in text
    assert "| sign flip |" in capsys.readouterr().out
    errors = re.search(r"scipy's: [\d.]+, ([\d.]+) Monte-Carlo standard errors", text)
    assert errors
    assert float(errors[1]) < 5


def test_a_page_without_the_comments_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("nothing", encoding="utf-8")
    with pytest.raises(SystemExit, match="has no <!-- montecarlo -->"):
        put(tmp_path / "page.md", "montecarlo", ["x"])


@pytest.mark.parametrize("population", [None, 200])
def test_differences_have_the_truth_asked_for(population: int | None) -> None:
    for accuracy, truth in ((0.5, 0.05), (0.1, 0.0)):
        x = differences(np.random.default_rng(0), 400, 200, accuracy, 0.2, truth, population)
        exact = population is not None
        assert x.mean() == pytest.approx(truth, abs=1e-12 if exact else 0.005)
        assert np.abs(x).mean() == pytest.approx(0.2, abs=1e-12 if exact else 0.01)
        assert len({tuple(row) for row in x}) > 390


def test_watching_goes_on_from_its_journal_and_fills_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, journal = tmp_path / "page.md", tmp_path / "journal.jsonl"
    page.write_text("<!-- watched-betting --><!-- /watched-betting -->", encoding="utf-8")
    one = watch(300, 0, "acc0.98-*-set200", journal=journal)
    assert [(cell.accuracy, cell.discordance, cell.population) for cell in one] == [
        (0.98, 0.02, 200),
        (0.98, 0.04, 200),
    ]
    assert all(0 <= share <= 0.1 for cell in one for share in cell.errors)
    capsys.readouterr()
    both = watch(300, 0, "acc0.9?-*-set200", journal=journal, write=page)
    assert both == one
    assert capsys.readouterr().err == ""
    assert "| 0.98 | 0.02 | 200 of a set | 0.01 |" in page.read_text(encoding="utf-8")


def test_draws_that_were_ended_go_on_to_those_of_a_command_that_was_not(tmp_path: Path) -> None:
    journal, only = tmp_path / "journal.jsonl", "acc0.98-disc0.04-set200,acc0.98-disc0.02-set200"
    with pytest.raises(SystemExit, match="the time was too short"):
        watch(750, 0, only, journal=journal, minutes=0)
    first = watch(500, 0, only, journal=journal)
    assert [cell.draws for cell in watch(900, 0, only, journal=journal, minutes=0)] == [500, 500]
    further = watch(900, 0, only, journal=journal)
    at_once = watch(900, 0, only)
    assert [(cell.cell, cell.draws, cell.errors) for cell in further] == [
        (cell.cell, cell.draws, cell.errors) for cell in at_once
    ]
    assert first[0].errors != further[0].errors
    # 900 is no whole number of batches: what is drawn on begins after the last state
    longer, at_once = watch(1000, 0, only, journal=journal), watch(1000, 0, only)
    assert [cell.errors for cell in longer] == [cell.errors for cell in at_once]
    assert watch(500, 1, only, journal=journal)[0].errors != first[0].errors


def test_errors_beyond_what_is_promised_would_be_seen() -> None:
    cell = watch_cell("x", 0.5, 0.5, 200, 200, 0)
    assert cell is not None
    assert max(cell.errors) < 0.1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.statistics.watching.ALPHA", 0.5)
        strict = watch_cell("x", 0.5, 0.5, 200, 200, 0)
        assert strict is not None
        assert max(strict.errors) > 0.2


def test_watching_costs_little_beside_generation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- watch-speed --><!-- /watch-speed -->", encoding="utf-8")
    assert 0 < watch_speed(4, 60, 3, 0, page) < 0.05
    assert "4 pairs, 60 items: 3 looks take" in page.read_text(encoding="utf-8")


def test_items_until_settled_beside_planned_numbers() -> None:
    assert planned(0.3) == max(items_for_difference(0.05, 0.3), items_for_equivalence(0.05, 0.3))
    far = settle_cell(0.3, 0.2, "many", 40, 0)
    assert far.median < 0.2
    assert (far.settled, far.settled_fixed, far.false) == (1.0, 1.0, 0.0)
    close = settle_cell(0.1, 0.0, "the fixed n", 40, 0)
    assert 0.3 < close.median <= 1
    assert close.settled == 1.0


def test_real_runs_are_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    for model, accuracy in (("good", 0.9), ("poor", 0.4)):
        (tmp_path / model).mkdir()
        rows = [{"question": str(number), "score": [bool(rng.random() < accuracy)]} for number in range(150)]
        (tmp_path / model / "sums.jsonl").write_text(
            "\n".join(json.dumps(row) for row in rows), encoding="utf-8"
        )
    replay([tmp_path], 10, 0)
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| sums")]
    assert "| different | 100% | 10 of 10 |" in row


def test_mean_squares_of_many_tables_are_those_of_each() -> None:
    x = np.random.default_rng(0).integers(0, 2, (2, 5, 3, 40))
    found = squares(x)
    assert [found[0][1, 4], *(one[1, 4] for one in found[1:])] == pytest.approx(
        [x[1, 4].mean(), *mean_squares(x[1, 4].astype(float))]
    )


def test_pooled_seeds_are_judged_on_arms_of_known_accuracy() -> None:
    assert accuracies(6) == pytest.approx([0.1, 0.1, 0.05, 0.8, 0.8, 0.75])
    cell = SeedsCell(3, 12, 200, (0.25,) * 12)
    found, pools = simulated(cell, 150, np.random.default_rng(1))
    assert np.mean([pool.logit_sd for pool in pools]) == pytest.approx(0.25, abs=0.05)
    for way in ("each", "pooled"):
        assert found[way].rejected.shape == found[way].noninferior.shape == (150, 4)
        assert found[way].rejected.mean() < 0.08
        assert found[way].noninferior.mean() < 0.09
        assert found[way].held.mean() > 0.93
    assert np.mean(found["each"].rejected == found["pooled"].rejected) < 1


def test_unequal_trainings_are_of_the_arms_named() -> None:
    cells = {(name, cell.seeds, cell.arms): cell for name, cell in unequal_cells()}
    assert cells["one arm thrice", 3, 6].spreads == (0.25, 0.25, 0.25, 0.75, 0.25, 0.25)
    assert cells["one arm ten times", 3, 6].spreads[3] == 2.5
    assert cells["a third of arms thrice", 3, 12].odd == (2,)
    assert cells["alike in points", 3, 6].spreads[0] > cells["alike in points", 3, 6].spreads[3]
