"""A folder is replaced whole, where it can be, and nobody else's unfinished one is removed."""

import os
from pathlib import Path

import pytest

from synth.errors import StylerepError
from synth.files import replace_folder as module
from synth.files.replace_folder import check_replaceable, replace_folder


def write(folder: Path, text: str) -> None:
    with replace_folder(folder) as fresh:
        (fresh / "file").write_text(text)


def test_what_a_link_leads_to_is_replaced_and_the_link_kept(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real/file").read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]


def test_unfinished_folders_of_other_machines_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (".out.new-4000000", ".out.new-0123abcd-x", ".outer.new-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").touch()
    monkeypatch.setattr(module.platform, "node", lambda: "elsewhere")
    monkeypatch.setattr(module.shutil, "rmtree", lambda *_, **__: None)  # as on a machine that is killed
    with pytest.raises(ZeroDivisionError), replace_folder(tmp_path / "out"):
        _ = 1 / 0
    monkeypatch.undo()
    write(tmp_path / "out", "new")
    left = sorted(os.listdir(tmp_path))
    assert len(left) == 5
    assert {".out.new-4000000", ".out.new-0123abcd-x", ".outer.new-1", "out"} < set(left)


def test_an_old_folder_that_a_killed_process_put_aside_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "out", "old")
    mark = module._machine()
    (tmp_path / "out").rename(tmp_path / f".out.new-{mark}-x.old")
    with replace_folder(tmp_path / "out") as fresh:
        assert (tmp_path / "out/file").read_text() == "old"
        (fresh / "file").write_text("newer")
    monkeypatch.setattr(module, "_exchange", lambda *_: False)  # a system that cannot exchange two names
    write(tmp_path / "out", "new")
    assert (tmp_path / "out/file").read_text() == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_what_cannot_be_put_in_place_is_kept_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "out", "old")

    def fail(*_: object) -> bool:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(module, "_exchange", fail)
    with pytest.raises(
        StylerepError,
        match=r"cannot be replaced \(Invalid cross-device link\); the new one is whole, and lies in",
    ) as raised:
        write(tmp_path / "out", "new")
    assert (Path(str(raised.value).rpartition(" ")[2].rstrip(".")) / "file").read_text() == "new"
    assert (tmp_path / "out/file").read_text() == "old"


def test_places_that_cannot_be_written_are_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.tex").write_text("mine")
    for path, why in [
        ("file", "a file stands"),
        ("file/x", "file is a file"),
        ("dangling", "leads to nowhere"),
        ("dangling/x", "leads to nowhere"),
        ("full", "something other than a data set"),
    ]:
        with pytest.raises(StylerepError, match=why):
            check_replaceable(tmp_path / path, "train.parquet", "a data set")
    with pytest.raises(StylerepError, match="this is also what is read"):
        check_replaceable(tmp_path / "full", inputs=[tmp_path / "other", tmp_path / "full/../full"])
    with pytest.raises(StylerepError, match="a file system is mounted here"):
        check_replaceable(Path("/proc"))
    monkeypatch.setattr("os.access", lambda *_, **__: False)
    with pytest.raises(StylerepError, match="permission denied"):
        check_replaceable(tmp_path / "new")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount")
def test_a_folder_mounted_over_itself_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "a b"
    place.mkdir()
    if os.system(f"mount --bind '{place}' '{place}' 2>/dev/null"):  # noqa: S605
        pytest.skip("nothing may be mounted here")
    try:
        with pytest.raises(StylerepError, match="a file system is mounted here"):
            check_replaceable(place)
    finally:
        os.system(f"umount '{place}'")  # noqa: S605
