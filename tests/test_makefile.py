"""What make sets up: the demo only what stylerep needs, the tests all, and none what is there."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OWN, ALL = "-e .", "-e '.[dev]'"


def installs(target: str, venv: Path) -> list[str]:
    """What pip would install for a target, in order."""
    command = ["make", "--dry-run", target, f"VENV={venv}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return [
        line.rpartition("constraints.txt ")[2] for line in done.stdout.splitlines() if "pip install" in line
    ]


@pytest.mark.parametrize(
    ("target", "needs"),
    [
        ("demo", [OWN]),
        ("install", [OWN]),
        ("model", [OWN]),
        ("test", [OWN, ALL]),
        ("test-slow", [OWN, ALL]),
        ("check", [OWN, ALL]),
        ("docs", [OWN, ALL]),
    ],
)
def test_each_target_installs_what_it_needs(tmp_path: Path, target: str, needs: list[str]) -> None:
    assert installs(target, tmp_path / "venv") == needs


def test_what_is_there_is_not_installed_again_by_whatever_it_was_made(tmp_path: Path) -> None:
    (tmp_path / ".runs").touch()
    assert installs("demo", tmp_path) == []
    assert installs("test", tmp_path) == [ALL]
    (tmp_path / ".installed").touch()
    assert installs("test", tmp_path) == installs("demo", tmp_path) == []


def test_another_set_of_pins_is_installed_anew(tmp_path: Path) -> None:
    pins = (ROOT / "constraints.txt").stat().st_mtime
    for stamp in (".runs", ".installed"):
        (tmp_path / stamp).touch()
        os.utime(tmp_path / stamp, (pins - 60, pins - 60))
    assert installs("demo", tmp_path) == [OWN]
    assert installs("check", tmp_path) == [OWN, ALL]
