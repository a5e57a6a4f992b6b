"""How far a download is, by what lies in its folder."""

import shutil
import threading
from pathlib import Path

from distill.models.wheel_parts import _size


def test_what_vanishes_while_it_is_counted_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(bytes(100))
    ended = threading.Event()

    def come_and_go() -> None:
        while not ended.is_set():
            for name in "abc":
                folder = tmp_path / name / "deep" / "deeper"
                folder.mkdir(parents=True)
                (folder / "file").write_bytes(bytes(10))
                shutil.rmtree(tmp_path / name)

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        found = {_size(tmp_path) for _ in range(500)}
    finally:
        ended.set()
        thread.join()
    assert found <= {100, 110}
    assert _size(tmp_path) == 100
