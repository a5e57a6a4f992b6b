"""The measurements on a GPU: what they refuse, and that each part ends in its time."""

import json
import sys
import time
from pathlib import Path

import pytest

from benchmarks import gpu


def test_a_folder_without_a_model_and_an_unknown_part_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, says in (
        ([str(tmp_path)], "so it is no model's folder"),
        ([str(tmp_path), "--parts", "training,trainig"], "there is no part trainig"),
    ):
        monkeypatch.setattr(sys, "argv", ["gpu", *words])
        with pytest.raises(SystemExit) as ended:
            gpu.main()
        assert ended.value.code == 2
        assert says in capsys.readouterr().err
        (tmp_path / "config.json").write_text("{}")


def test_a_part_that_takes_too_long_is_cut_off() -> None:
    began = time.monotonic()
    found = gpu._measured(["timeit", "-n", "1", "-r", "1", "import time; time.sleep(60)"], 1.0)
    assert found == {"cut_off_after": 1}
    assert time.monotonic() - began < 30


def test_what_is_measured_is_written_after_each_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    out = tmp_path / "gpu.json"

    def second(model: Path, seconds: float):  # type: ignore[no-untyped-def]
        assert json.loads(out.read_text())["training"]["ours"] == {"tokens": 5}
        yield {"seconds": seconds}

    monkeypatch.setitem(gpu.PARTS, "training", lambda model, seconds: iter([{"ours": {"tokens": 5}}]))
    monkeypatch.setitem(gpu.PARTS, "study", second)
    words = ["gpu", str(tmp_path), "--out", str(out), "--minutes", "8", "--parts", "training,study"]
    monkeypatch.setattr(sys, "argv", words)
    gpu.main()
    assert json.loads(out.read_text())["study"]["seconds"] == 180
