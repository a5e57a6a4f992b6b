"""The pages of a board in a real browser, opened from disk."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness_ext.pages.leaderboard import page as page_module
from harness_ext.pages.leaderboard.scatter import scatter
from synth.errors import StylerepError
from tests.harness_ext.pages.leaderboard import boards
from tests.harness_ext.pages.leaderboard.browser import Pages, settle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return boards.write_board(boards.board(8, 3), tmp_path_factory.mktemp("board"))


def names(page: Any, what: str = ".view.on tbody tr") -> list[str]:
    return page.eval_on_selector_all(
        what,
        "found => found.filter(one => one.offsetParent || one.getClientRects().length).map(one =>"
        " one.dataset.key)",
    )


def column(page: Any, name: str) -> list[float]:
    at = page.eval_on_selector_all(
        ".view.on thead th", f"found => found.findIndex(one => one.dataset.name === '{name}')"
    )
    return [
        float(text.split()[0].replace(",", ""))
        for text in page.locator(f".view.on tbody tr > :nth-child({at + 1})").all_inner_texts()
    ]


def state(page: Any) -> str:
    return page.evaluate("decodeURIComponent(location.hash.slice(1))")


def test_a_click_on_a_head_sorts(pages: Pages, folder: Path) -> None:
    page = pages.open(folder / "index.html")
    assert column(page, "rank") == sorted(column(page, "rank"))
    for direction in ("descending", "ascending"):
        page.click(".view.on th[data-name=pivot_density]")
        page.wait_for_selector(f".view.on th[data-name=pivot_density][aria-sort={direction}]")
        assert column(page, "pivot_density") == sorted(
            column(page, "pivot_density"), reverse=direction == "descending"
        )
    assert "sort=pivot_density:asc" in state(page)


def test_filters_hide_rows_and_points_and_keep_ranks(pages: Pages, folder: Path) -> None:
    page = pages.open(folder / "index.html")
    ranks = dict(zip(names(page), column(page, "rank"), strict=True))
    page.click("summary:has-text('Arms')")
    page.check("input[name=arm][value=base]")
    page.check("input[name=arm][value=nt]")
    left = names(page)
    assert 0 < len(left) < len(ranks)
    assert sorted(names(page, ".view.on figure.on .point")) == sorted(left)
    assert [ranks[key] for key in left] == column(page, "rank")
    assert f"{len(left)} of {len(ranks)} entries; ranks, groups and fronts stay" in page.inner_text(
        ".view.on .shown"
    )
    page.keyboard.press("Escape")
    page.fill("#search", "family-0-1b nt")
    assert len(names(page)) == 1
    page.click("#reset")
    assert len(names(page)) == len(ranks)


def test_columns_can_be_hidden(pages: Pages, folder: Path) -> None:
    page = pages.open(folder / "index.html")
    page.click(".view.on .dt-buttons button")
    page.click(".dt-button-collection button:has-text('adherence')")
    assert page.locator(".view.on th[data-name=style_adherence]").count() == 0
    assert "hide=style_adherence" in state(page)


def test_an_address_brings_everything_back(pages: Pages, folder: Path) -> None:
    wanted = (
        "view=c1&style=trace_words&search=family&sort=accuracy:asc&hide=ranks&hide=groups&family=family-0"
        "&arm=nt&arm=sbs&theme=dark"
    )
    page = pages.open(folder / "index.html", wanted)
    assert state(page) == wanted
    assert page.inner_text(".view.on h2") == "style_task1"
    assert page.get_attribute(".view.on figure.on", "data-score") == "trace_words"
    assert column(page, "accuracy") == sorted(column(page, "accuracy"))
    assert len(names(page)) == 2
    assert page.locator(".view.on th[data-name=groups]").count() == 0
    assert page.locator("input[name=arm]:checked").count() == 2
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 22, 22)"
    assert "theme=dark" in page.get_attribute(".view.on a.traces", "href")
    page.click("#reset")
    page.select_option("#view", "all")
    assert state(page) == "theme=dark"


def test_a_row_lights_up_its_point(pages: Pages, folder: Path) -> None:
    page = pages.open(folder / "index.html")
    page.hover(".view.on tr[data-key=k2] td")
    assert page.locator(".view.on figure.on .point.lit").get_attribute("data-key") == "k2"
    page.focus(".view.on tr[data-key=k3] a")
    assert page.locator(".view.on figure.on .point.lit").get_attribute("data-key") == "k3"


def test_the_first_columns_stay_while_the_table_scrolls(pages: Pages, folder: Path) -> None:
    page = pages.open(folder / "index.html", width=700)
    head, other = (
        page.locator(".view.on tbody th").first,
        page.locator(".view.on tbody td:nth-child(5)").first,
    )
    before, beside = head.bounding_box()["x"], other.bounding_box()["x"]
    page.eval_on_selector(".view.on .box", "box => { box.scrollLeft = 200 }")
    assert head.bounding_box()["x"] == pytest.approx(before, abs=1)
    assert beside - other.bounding_box()["x"] == pytest.approx(200, abs=2)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["index.html", "traces.html"])
def test_no_rule_of_accessibility_is_broken_and_nothing_sticks_out(
    pages: Pages, folder: Path, name: str, width: int, dark: bool
) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    page = pages.open(
        folder / name, "a=r1-0&b=r0-0" if name == "traces.html" else "", width=width, height=740, dark=dark
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(22, 22, 22)" if dark else "rgb(255, 255, 255)"
    )
    found = (
        axe.Axe()
        .run(
            page,
            options={
                "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
                "resultTypes": ["violations"],
            },
        )
        .response["violations"]
    )
    assert [(one["id"], one["nodes"][0]["html"][:200], len(one["nodes"])) for one in found] == []


def test_without_javascript_all_views_and_figures_are_there(pages: Pages, folder: Path) -> None:
    page = pages.open(folder / "index.html", javascript=False)
    assert page.locator("table.ranking:visible").count() == 4
    assert page.locator("figure.scatter:visible").count() == 12
    assert page.locator("#controls:visible").count() == 0
    assert "it lacks style_task2" in page.inner_text("main")
    assert "needs JavaScript" in pages.open(folder / "traces.html", javascript=False).inner_text("body")


def test_pages_refer_to_nothing_but_what_lies_beside_them(folder: Path) -> None:
    for name in ("index.html", "traces.html"):
        text = (folder / name).read_text(encoding="utf-8")
        outside = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
        assert set(re.findall(r'(?:href|src)="([^"#]+)', outside)) <= {
            "board.json",
            "table.csv",
            "table.md",
            "table.tex",
            "traces.html",
            "index.html",
            "data:,",
        }
        ids = re.findall(r'\sid="([^"]+)"', outside)
        assert len(ids) == len(set(ids))


def test_an_entry_leads_to_its_traces(pages: Pages, folder: Path) -> None:
    page = pages.open(folder / "index.html", "view=c1")
    page.click(".view.on tr[data-key=k3] a")
    page.wait_for_selector("#panels .text")
    assert (page.input_value("#column"), page.input_value("#a"), page.input_value("#b")) == ("c1", "r3-0", "")
    assert "18 + 0 = 1" in page.inner_text("#panels .text")


def test_two_responses_side_by_side_with_all_marks(pages: Pages, folder: Path) -> None:
    page = pages.open(folder / "traces.html", "column=c0&a=r1-0&b=r0-0&item=3")
    left, right = page.locator("#panels .panel").all()
    assert abs(left.bounding_box()["y"] - right.bounding_box()["y"]) < 1
    assert left.bounding_box()["x"] < right.bounding_box()["x"]
    assert "wrong" in left.locator("dd").first.inner_text()
    text = left.locator(".text")
    assert text.evaluate("one => one.textContent") == boards.STYLED.format(i=2, sum=21)
    assert text.locator(".pivot").first.get_attribute("title") == "pivot: realization"
    assert [text.locator(f".c{truth}.last").count() for truth in (1, 0)] == [0, 3]
    assert "final answer" in text.locator(".answer").first.get_attribute("data-label")
    for name in ("stages", "pivots", "claims", "answer"):
        page.uncheck(f".legend input[name={name}]")
    assert text.locator(".part").first.evaluate("one => getComputedStyle(one).display") == "inline"
    assert text.locator(".pivot").first.evaluate("one => getComputedStyle(one).textDecorationLine") == "none"
    assert text.locator(".claim").first.evaluate("one => getComputedStyle(one).borderBottomWidth") == "0px"


def test_items_on_which_two_runs_disagree(pages: Pages, folder: Path) -> None:
    page = pages.open(folder / "traces.html", "column=c0&a=r1-0&b=r0-0")
    counts = {
        text.rsplit(" ", 1)[0]: int(text.rsplit("(", 1)[1][:-1])
        for text in page.locator("#filter option").all_inner_texts()
    }
    assert counts["all"] == 20
    assert counts["the two disagree"] == counts["only A right"] + counts["only B right"] > 0
    assert counts["all"] == counts["the two disagree"] + counts["both wrong"] + counts["both right"]
    page.select_option("#filter", "a")
    settle(page)
    lines = page.locator("#items button").all_text_contents()
    assert len(lines) == counts["only A right"]
    assert all(line.endswith("✓ right✗ wrong") for line in lines)
    assert "filter=a" in state(page)


def test_the_keyboard_is_enough(pages: Pages, folder: Path) -> None:
    page = pages.open(folder / "index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('th')?.dataset.name") == "accuracy":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".view.on th[data-name=accuracy][aria-sort=descending]")
    assert "sort=accuracy:desc" in state(page)
    page = pages.open(folder / "traces.html", "a=r1-0&b=r0-0")
    for key, item in [("j", 2), ("j", 3), ("k", 2)]:
        page.keyboard.press(key)
        settle(page)
        assert page.inner_text("#name") == f"Item {item} of 20"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "filter"
    page.focus("#items [aria-current]")
    page.keyboard.press("ArrowDown")
    settle(page)
    assert page.inner_text("#name") == "Item 3 of 20"
    assert "item=3" in state(page)


def test_a_shard_that_is_missing_or_broken_is_told(browser: Any, tmp_path: Path) -> None:
    folder = boards.write_board(boards.board(2, 1, 3), tmp_path)
    (folder / "runs/r0-0/c0/0.js").unlink()
    (folder / "runs/r1-0/c0/0.js").write_text("stylerep.take('other', '')", encoding="utf-8")
    pages = Pages(browser)
    page = pages.open(folder / "traces.html", "a=r0-0")
    assert page.inner_text("#error") == "runs/r0-0/c0/0.js cannot be loaded: is it still beside this page?"
    page.select_option("#a", "r1-0")
    settle(page)
    assert page.inner_text("#error") == "runs/r1-0/c0/0.js holds something else than it should."
    assert all("r0-0" in one or "ERR_FILE_NOT_FOUND" in one for one in pages.close())


def test_a_board_of_fifty_entries_and_ten_tasks(pages: Pages, tmp_path: Path) -> None:
    folder = boards.write_board(boards.board(50, 10, 5), tmp_path, runs=1)
    assert (folder / "index.html").stat().st_size < 5_000_000
    page = pages.open(folder / "index.html", "view=c3")
    assert page.evaluate("performance.now()") < 5000
    assert len(names(page)) == 49


def test_two_thousand_items_and_long_responses_open_at_once(pages: Pages, tmp_path: Path) -> None:
    board = boards.board(1, 1, 2000)
    styled = boards.STYLED.partition("</think>")[0].format(i=3, sum=21)
    rows = [
        boards.sample(i, "The answer is 21." if i > 1 else (styled * 600, "word " * 200_000)[i], i % 2 == 0)
        for i in range(2000)
    ]
    folder = boards.write_board(board, tmp_path, samples={("r0-0", "c0"): rows, ("r0-1", "c0"): rows})
    page = pages.open(folder / "traces.html", "a=r0-0")
    assert page.locator("#items li").count() == 2000
    assert page.locator("#panels .text span").count() > 3000
    before = page.evaluate("performance.now()")
    page.keyboard.press("j")
    settle(page)
    page.evaluate("document.querySelector('.text').getBoundingClientRect().height")
    assert page.evaluate("performance.now()") - before < 3000
    assert page.locator("#panels .text").evaluate("one => one.textContent.length") == 1_000_000


def test_a_board_without_responses_says_so(pages: Pages, tmp_path: Path) -> None:
    folder = boards.write_board(boards.board(3, 1, 2), tmp_path, runs=0)
    assert pages.open(folder / "index.html").locator("a.traces").count() == 0
    assert pages.open(folder / "traces.html").inner_text("#error") == "No responses lie beside this board."


def test_a_task_without_text_shows_its_scores(pages: Pages, tmp_path: Path) -> None:
    rows = [boards.sample(i, None, i == 0) for i in range(2)]
    folder = boards.write_board(
        boards.board(1, 1, 2), tmp_path, samples={("r0-0", "c0"): rows, ("r0-1", "c0"): rows}
    )
    panel = pages.open(folder / "traces.html", "a=r0-0&item=2").locator(".panel").inner_text()
    assert "wrong" in panel
    assert "there is no text" in panel


def test_the_same_board_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    boards.write_board(boards.board(8, 3), tmp_path)
    assert all(
        (tmp_path / name).read_bytes() == (folder / name).read_bytes()
        for name in ("index.html", "traces.html", "runs/r1-0/c0/0.js")
    )


def test_a_figure_of_fifty_entries_is_small() -> None:
    made = scatter(boards.board(50, 2).views[0].entries, "trace_words", "words", "f")
    assert len(made) < 30_000
    assert made.count('class="point') == 49


def test_an_itables_of_another_form_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(page_module, "_library_file", lambda name: "let tables = 1")
    with pytest.raises(StylerepError, match="install itables"):
        page_module.write_pages(boards.board(1, 1), {"columns": [], "runs": []}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_catalogue_cannot_end_its_script(tmp_path: Path) -> None:
    folder = boards.write_board(boards.board(1, 1, 1, names=["</script><script>alert(1)</script>"]), tmp_path)
    content = re.search(
        r'id="catalogue">(.*?)</script>', (folder / "traces.html").read_text(encoding="utf-8"), re.DOTALL
    )
    assert content is not None
    assert json.loads(content[1])["columns"][0]["label"] == "</script><script>alert(1)</script>"
