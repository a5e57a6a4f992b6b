"""Files are found in a folder that another process works in."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness_ext.runs.run_folder import sample_files
from synth.files.files_below import files_below, size_of


def test_files_of_any_depth_by_the_shells_patterns(tmp_path: Path) -> None:
    for name in ("b.json", "a/x.jsonl", "a/b/y.json", "a/b/Y.JSON", "a/b.json/z.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("12")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    found = [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path, "*.json", "x*")]
    assert found == ["a/b/y.json", "a/x.jsonl", "b.json"]  # "a/b.json" is a folder
    assert len(files_below(tmp_path)) == 5
    assert files_below(tmp_path / "none") == []
    assert size_of([*files_below(tmp_path, "*.json"), tmp_path / "gone"]) == 4


def test_a_folder_that_is_removed_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = tmp_path / "run" / "samples_style_arith_2026-01-01T00-00-00.000000.jsonl"
    leaving = tmp_path / "run" / ".working"
    leaving.mkdir(parents=True)
    samples.write_text("{}\n")
    scan = os.scandir

    def listed(place: Any) -> Iterator[Any]:
        if place in (str(leaving), leaving):
            shutil.rmtree(leaving)
        return scan(place)

    monkeypatch.setattr(os, "scandir", listed)
    assert sample_files(tmp_path / "run") == {"style_arith": samples}
    assert not leaving.exists()
