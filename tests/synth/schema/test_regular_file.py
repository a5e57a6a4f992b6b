"""A file is opened to be read, or a sentence says why not; nothing is waited for."""

import os
import socket
from pathlib import Path

import pytest

from synth.errors import StylerepError
from synth.schema import open_regular, read_json, read_regular, read_yaml


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "socket"))
        says = {
            "pipe": "found a pipe",
            "folder": "found a folder",
            "zero": "found a device",
            "socket": "found a socket",
            "loop": "cannot be read",
        }
        for name, why in says.items():
            for read in (open_regular, read_regular, read_json, read_yaml):
                with pytest.raises(StylerepError, match=f"{name}: .*{why}"):
                    read(tmp_path / name)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match=r"^\S+/no: there is no such list of models\.$"):
        open_regular(tmp_path / "no", "list of models")
    with pytest.raises(StylerepError, match="no file can be named so"):
        open_regular(tmp_path / "a\x00b")
    with pytest.raises(StylerepError, match=r"cannot be read \(File name too long\)"):
        open_regular(tmp_path / ("a" * 5000))


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a regular file that cannot be read")
def test_a_file_that_fails_while_it_is_read_is_named() -> None:
    path = Path("/proc/self/mem")
    with (
        open_regular(path) as file,
        pytest.raises(StylerepError, match=r"^/proc/self/mem: this cannot be read \(Input/output error\)\.$"),
    ):
        next(file)
    with pytest.raises(StylerepError, match="cannot be read"):
        read_regular(path)


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert read_regular(tmp_path / "link", largest=10) == b"0123456789"
    with pytest.raises(
        StylerepError, match=r"a: this has more than 0 MB; no file of its kind is that large\."
    ):
        read_regular(tmp_path / "a", largest=9)
