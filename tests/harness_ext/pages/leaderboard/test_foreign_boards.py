"""A board that comes from elsewhere touches nothing outside its folder,
whatever its files name and wherever its links lead.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness_ext.pages.leaderboard import leaderboard
from synth.errors import StylerepError
from tests.harness_ext.pages.leaderboard.test_leaderboard import arms, contents

Content = dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board of two runs, the runs, and witnesses beside them."""
    folder = tmp_path_factory.mktemp("foreign")
    leaderboard(arms(folder / "runs", {"base": 0.3, "hc": 0.6}), folder / "board")
    (folder / "victim/deep").mkdir(parents=True)
    (folder / "victim/deep/thesis.tex").write_text("years of work")
    (folder / "victim/run.json").write_text("{}")
    (folder / "victim/order.json").write_text("{}")
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "all")
    return tmp_path / "all"


def column(content: Content) -> Content:
    (part,) = content["parts"].values()
    return part["column"]  # type: ignore[no-any-return]


def climb(content: Content, name: str) -> None:
    content["facts"]["id"] = name


def column_named(content: Content, name: str) -> None:
    content["parts"] = dict.fromkeys([name], next(iter(content["parts"].values())))


def column_called(content: Content, name: str) -> None:
    column(content)["id"] = name
    column_named(content, name)


def items(content: Content, name: str) -> None:
    column(content)["items"] = name


def before_metrics(content: Content, name: str) -> None:
    del column(content)["metric"]
    column_called(content, name)


WAYS = [
    "../../victim",
    "../../../victim",
    "..",
    ".",
    "",
    "deep/../../..",
    "VICTIM",
    "a\0b",
    "../../victim/deep",
]


def refused(place: Path, *commands: Callable[[], object]) -> None:
    before = contents(place)
    for command in commands:
        with pytest.raises(StylerepError) as raised:
            command()
        assert "\n" not in str(raised.value)
        assert contents(place) == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("change", [climb, column_named, column_called, items, before_metrics])
def test_names_in_a_record_lead_nowhere_else(
    place: Path, change: Callable[[Content, str], None], way: str
) -> None:
    board = place / "board"
    (record,) = board.glob("runs/m-hc*/run.json")
    content = json.loads(record.read_text())
    change(content, way.replace("VICTIM", str(place / "victim")))
    record.write_text(json.dumps(content))
    hc = place / "runs/hc"
    refused(
        place,
        lambda: leaderboard([], board, remove=["hc"]),
        lambda: leaderboard([], board, remove=[content["facts"]["id"]]),
        lambda: leaderboard([hc], board, all_traces=True),
        lambda: leaderboard([], board, title="new"),
    )


@pytest.mark.parametrize(
    "link", ["runs", "items", "runs/m-x", "index.html", "runs/m-hc", "items/x", "board.json", "traces.html"]
)
def test_links_out_of_a_board_are_not_followed(place: Path, link: str) -> None:
    board = place / "board"
    path = next(board.glob(f"{link}*"), board / link)
    target = place / "victim" / ("deep/thesis.tex" if path.suffix else "")
    if path.is_dir():
        shutil.move(path, place / "moved")
        target = place / "moved"
    else:
        path.unlink(missing_ok=True)
    path.symlink_to(target)
    refused(
        place,
        lambda: leaderboard([], board, remove=["hc"]),
        lambda: leaderboard([place / "runs/hc"], board),
    )
    assert path.is_symlink()


def test_what_cannot_be_removed_is_told_before_anything_is(place: Path) -> None:
    board = place / "board"
    refused(
        place,
        lambda: leaderboard([], board, remove=["hc", "nowhere"]),
        lambda: leaderboard([], board, remove=["hc", "base"]),
        lambda: leaderboard([], board, remove=["hc"], tasks=["nowhere"]),
        lambda: leaderboard([], board, remove=["hc"], baseline="hc"),
    )
    leaderboard([], board, remove=["hc"])
    assert [one.name for one in board.glob("runs/*")] == [next(board.glob("runs/m-base*")).name]
    assert contents(place / "victim") == {
        "deep/thesis.tex": b"years of work",
        "run.json": b"{}",
        "order.json": b"{}",
    }


def test_other_folders_beside_sets_of_items_stay(place: Path) -> None:
    (place / "board/items/mine").mkdir()
    (place / "board/items/mine/notes.txt").write_text("mine")
    leaderboard([], place / "board", remove=["hc"])
    assert (place / "board/items/mine/notes.txt").read_text() == "mine"


def test_a_run_is_no_place_for_a_board(place: Path) -> None:
    (place / "file").write_text("mine")
    (place / "link").symlink_to("nowhere")
    refused(
        place,
        lambda: leaderboard([place / "runs/hc"], place / "runs/hc"),
        lambda: leaderboard([place / "runs/hc"], place / "file"),
        lambda: leaderboard([place / "runs/hc"], place / "link"),
        lambda: leaderboard([place / "runs/hc"], place / "victim"),
    )
