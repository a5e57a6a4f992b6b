"""What models write and how runs are called changes nothing on a page but its own box."""

import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness_ext.pages.leaderboard.board import Board
from tests.harness_ext.pages.leaderboard import boards
from tests.harness_ext.pages.leaderboard.browser import Pages, settle

ZALGO = "Z" + "".join(chr(0x300 + i % 112) for i in range(300))
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "</style><img src=x onerror=alert(3)>",
    "<a href='javascript:alert(4)'>x</a>",
    "\"' onmouseover=alert(5) x='",
    "\u202eevil\u202e\u2066\u202d",
    ZALGO,
    "a\x00b\x07",
    "\ud800\udfff",
    "]]>--></textarea></title></svg></select>",
    "{{7*7}}${7*7}{% raw %}<%= 1 %>`${alert(6)}`",
    "&lt;img src=x onerror=alert(7)&gt;",
    "x" * 5000,
    "\u05d0\u0627 <base href='https://example.com/'><meta http-equiv=refresh content=0>",
    "<iframe srcdoc='<script>alert(8)</script>'>",
)
OWN = "script, img, iframe, object, embed, base, link, meta, style, form, [onerror], [onmouseover], [srcdoc]"


def named(hostile: bool) -> Board:
    """Return a board on which all names mean harm, or one of the same shape with plain names."""
    names = HOSTILE if hostile else [f"name-{i}" for i in range(len(HOSTILE))]
    made = boards.board(15, 3, 3, title=names[1], names=names[:3], models=names, arms=names[:5])
    runs = {
        run.id: replace(
            run, label=f"{run.model} {run.arm}", family=names[5 + i % 4], decoding=names[9 + i % 5]
        )
        for i, run in enumerate(made.runs)
    }

    def renamed(entry: Any) -> Any:
        return replace(
            entry,
            runs=tuple(runs[run.id] for run in entry.runs),
            reason=entry.reason and names[2],
            length_note=entry.length_note and names[4],
        )

    views = tuple(
        replace(
            view,
            entries=tuple(map(renamed, view.entries)),
            unranked=tuple(map(renamed, view.unranked)),
            notes=(names[7],),
        )
        for view in made.views
    )
    return replace(made, views=views, runs=tuple(runs.values()), notes=tuple(names[:4]), signature=names[9])


def counts(page: Any) -> dict[str, int]:
    """Count the elements of a page by name, those that show nothing by themselves left out."""
    found: list[str] = page.eval_on_selector_all("*", "all => all.map(one => one.localName)")
    return {name: found.count(name) for name in sorted(set(found))}


def test_names_that_mean_harm_are_only_names(pages: Pages, tmp_path: Path) -> None:
    seen = []
    for hostile in (True, False):
        (folder := tmp_path / str(hostile)).mkdir()
        boards.write_board(named(hostile), folder, runs=2)
        page = pages.open(folder / "index.html", width=900)
        page.click(".view.on .dt-buttons button")
        page.click(".dt-button-collection button >> nth=9")
        page.keyboard.press("Escape")
        page.select_option("#view", "c1")
        page.fill("#search", HOSTILE[0])
        page.fill("#search", "")
        page.click("summary:has-text('Arms')")
        page.check("input[name=arm] >> nth=1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 900
        tables = counts(page)
        # Labels of points are left out where they find no room, so the number of texts may differ.
        own = {name: n for name, n in tables.items() if name not in ("text",)}
        settle(viewer := pages.open(folder / "traces.html"))
        seen.append((own, page.locator(OWN).count(), counts(viewer), viewer.locator(OWN).count()))
        assert viewer.evaluate("document.documentElement.scrollWidth") <= 1280
    assert seen[0] == seen[1]


def responses() -> dict[str, str]:
    rng = random.Random(0)
    mixed = "\n".join(rng.choice(HOSTILE) for _ in range(400))
    return {
        "all": "<think>" + "\n".join(HOSTILE * 8) + "\nWait, 1 + 1 = 3.\n" * 20 + "</think>",
        "mixed": mixed,
        "one word": "A" * 1_000_000,
        "one line": "<b>" * 330_000,
        "zalgo": (ZALGO + "\n") * 200,
        "turned": "\u202e\u2067" * 2000 + "text\n" * 100,
    }


def frame(page: Any) -> list[Any]:
    """Return where everything stands that is not a response or a question itself."""
    return page.evaluate(
        "[...document.querySelectorAll('body *')].filter(one => !one.closest('.text > *, .asked > *,"
        " script')).map(one => { const { x, y, width, height } = one.getBoundingClientRect(); return"
        " [one.localName, x, y, width, height].join(' ') })"
    )


def test_a_hostile_response_stays_in_its_box(pages: Pages, tmp_path: Path) -> None:
    texts = responses()
    end = "\nThe answer is 21."
    board = boards.board(1, 1, len(texts))
    asked = ("\n".join(HOSTILE) * 3)[:9000]
    rows = [boards.sample(i, text + end, True, asked, "21") for i, text in enumerate(texts.values())]
    calm = [
        boards.sample(i, "some words\n" * 900 + end, True, re.sub(r"[^\n]", "x", asked), "21")
        for i in range(len(texts))
    ]
    folder = boards.write_board(board, tmp_path, samples={("r0-0", "c0"): rows, ("r0-1", "c0"): calm})
    hostile, harmless = (pages.open(folder / "traces.html", f"column=c0&a={run}") for run in ("r0-0", "r0-1"))
    for text in texts.values():
        assert json.loads(
            hostile.locator("#panels .text").evaluate("one => JSON.stringify(one.textContent)")
        ) == json.loads(json.dumps(text + end))
        assert hostile.locator(f"#panels a, #panels :is({OWN}), #asked a, #asked :is({OWN})").count() == 0
        assert frame(hostile) == frame(harmless)
        for page in (hostile, harmless):
            page.keyboard.press("j")
            settle(page)


def test_a_long_response_opens_at_once(pages: Pages, tmp_path: Path) -> None:
    texts = list(responses().values())
    rows = [boards.sample(i, text, True) for i, text in enumerate(texts)]
    folder = boards.write_board(
        boards.board(1, 1, len(rows)), tmp_path, samples={("r0-0", "c0"): rows, ("r0-1", "c0"): rows}
    )
    page = pages.open(folder / "traces.html", "a=r0-0")
    for _ in texts[1:]:
        before = page.evaluate("performance.now()")
        page.keyboard.press("j")
        settle(page)
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("performance.now()") - before < 5000
