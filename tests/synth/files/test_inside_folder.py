"""Names from files of other people lead nowhere else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.errors import StylerepError
from synth.files.inside_folder import inside, refuse_ways_out

WAYS_OUT = [
    "..",
    ".",
    "",
    "../x",
    "a/../../x",
    "/etc",
    "//host/x",
    "a/b",
    "C:x",
    "C:\\x",
    "..\\x",
    "a\0b",
    "x" * 256,
    "é" * 200,
    None,
    3,
    ["a"],
]


@pytest.mark.parametrize("name", WAYS_OUT)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: object) -> None:
    with pytest.raises(StylerepError, match="is no name that a file in it can have"):
        inside(tmp_path, name)


@given(st.text())
def test_what_is_let_through_lies_in_the_folder(name: str) -> None:
    folder = Path("/nowhere/board")
    try:
        path = inside(folder, name)
    except StylerepError:
        return
    assert path.parent == folder
    assert path.resolve().parent == folder


def test_links_out_of_a_folder_are_found_and_others_are_let_be(tmp_path: Path) -> None:
    board, outside = tmp_path / "board", tmp_path / "outside"
    (board / "runs/a").mkdir(parents=True)
    outside.mkdir()
    (board / "latest").symlink_to("runs/a")
    refuse_ways_out(board)
    assert inside(board, "latest") == board / "latest"
    (board / "runs/a/column").symlink_to(outside)
    with pytest.raises(StylerepError, match=r"runs/a/column: this link leads out of"):
        refuse_ways_out(board)
    with pytest.raises(StylerepError, match="leads out"):
        inside(board / "runs/a", "column")
    (tmp_path / "link").symlink_to(board)
    (board / "runs/a/column").unlink()
    refuse_ways_out(tmp_path / "link")
    refuse_ways_out(tmp_path / "not there")
