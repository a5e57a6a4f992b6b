"""Files that options name: regular ones are replaced, others written into,
and nothing that is read is overwritten.
"""

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness_ext.cli import app
from synth.errors import StylerepError
from synth.files.output_files import check_folder, check_outputs, write_output

RUNNER = CliRunner()


def test_a_regular_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    path.chmod(0o600)
    inode = path.stat().st_ino
    write_output(path, "new \ud800")
    assert path.read_text() == "new ?"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino != inode
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_link_is_kept_and_its_file_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far/a.json").write_text("old")
    (tmp_path / "link").symlink_to("far/a.json")
    (tmp_path / "new").symlink_to("far/new.json")
    for name, text in (("link", "one"), ("new", "two")):
        check_outputs({"--json": tmp_path / name})
        write_output(tmp_path / name, text)
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / name).read_text() == text
    assert sorted(os.listdir(tmp_path / "far")) == ["a.json", "new.json"]


def test_devices_and_pipes_are_written_into(tmp_path: Path) -> None:
    check_outputs({"--json": Path("/dev/null"), "--html": Path("/dev/null")})
    write_output(Path("/dev/null"), "x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    check_outputs({"--json": pipe})
    write_output(pipe, "x" * 100_000)
    reader.join()
    assert got == ["x" * 100_000]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("where", ["/dev/stdout", "out.txt", "/dev/fd/1"])
def test_standard_output_is_kept_also_where_it_goes_to_a_file(tmp_path: Path, where: str) -> None:
    code = "from pathlib import Path; from synth.files.output_files import write_output\nprint('one')\n"
    code += f"write_output(Path({where!r}), 'two\\n')\nprint('three')"
    with (tmp_path / "out.txt").open("w") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, cwd=tmp_path, check=True)
    assert (tmp_path / "out.txt").read_text() == "one\ntwo\nthree\n"


def test_a_file_whose_folder_is_closed_is_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    inode = path.stat().st_ino
    monkeypatch.setattr("synth.files.output_files.is_mounted", lambda _: True)
    write_output(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_ino == inode


def test_what_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere/a.json")
    for name, why in [
        ("folder", "this is a folder"),
        ("nowhere/a", "there is no folder"),
        ("file/a", "there is no folder"),
        ("dangling", "to which the link"),
        ("x" * 300, "cannot be written"),
        ("a\0b", "cannot be written"),
    ]:
        with pytest.raises(StylerepError, match=why):
            check_outputs({"--json": tmp_path / name})
    for name, why in (
        ("file", "a file stands"),
        ("file/a", "no folder can be made"),
        ("dangling", "leads to"),
    ):
        with pytest.raises(StylerepError, match=why):
            check_folder(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["dangling", "file", "folder"]


def test_no_output_is_an_input_or_another_output(tmp_path: Path) -> None:
    one, hard, link, new = tmp_path / "one", tmp_path / "hard", tmp_path / "link", tmp_path / "new"
    one.write_text("mine")
    hard.hardlink_to(one)
    link.symlink_to("one")
    for path in (one, hard, link, tmp_path / "x/../one"):
        with pytest.raises(StylerepError, match="this is also what is read"):
            check_outputs({"--json": path}, [one])
    for first, second in ((new, tmp_path / "." / "new"), (one, link), (one, hard)):
        with pytest.raises(StylerepError, match=r"--(html|json) and --(html|json) both name"):
            check_outputs({"--json": first, "--html": second})


def rows(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "".join(
            json.dumps({"question": f"q{i}", "response": "<think>Wait. So 3.</think>3", "correct": i % 2})
            + "\n"
            for i in range(4)
        )
    )
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "t/t.jsonl"),
        ("--html", "t/t.jsonl"),
        ("--profile", "t/t.jsonl"),
        ("--json", "x", "--html", "x"),
    ],
)
def test_analyze_overwrites_none_of_its_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = rows(tmp_path / "t/t.jsonl").read_bytes()
    for source in ("t", "t/t.jsonl"):
        result = RUNNER.invoke(app, ["analyze", source, *words])
        assert isinstance(result.exception, StylerepError)
    assert (tmp_path / "t/t.jsonl").read_bytes() == before
    assert os.listdir(tmp_path) == ["t"]
