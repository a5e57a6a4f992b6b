"""The board of real responses is built by one command,
and its accuracies are the recorded ones where graders agree.
"""

import sys
from pathlib import Path

import pytest

from benchmarks.trace_board import MODELS, main


def test_accuracies_are_the_recorded_ones_but_for_judged_disagreements(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["trace_board", str(real_data / "traces"), "--out", str(tmp_path)])
    assert main() == 0
    printed = capsys.readouterr().out
    assert "The same everywhere." in printed
    assert all(model in printed for model in MODELS)
    page = (tmp_path / "board/index.html").read_text(encoding="utf-8")
    assert all(model in page for model in MODELS)
    assert str(tmp_path) not in page
