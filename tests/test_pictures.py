"""The pictures of the README are those that their script draws, and can be drawn anew."""

import json
import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs/images"


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    found: dict[str, str] = runpy.run_path(str(IMAGES / "draw.py"))["pictures"]()
    return found


def test_the_pictures_are_those_that_are_drawn(drawn: dict[str, str]) -> None:
    assert sorted(drawn) == ["demo.svg", "traces.svg"]  # others may stand beside them, drawn elsewhere
    for name, content in drawn.items():
        assert (IMAGES / name).read_text(encoding="utf-8") == content, (
            f"draw {name} anew: python docs/images/draw.py"
        )


@pytest.mark.parametrize("name", ["traces.svg", "demo.svg"])
def test_a_picture_stands_by_itself_on_light_and_dark_pages(drawn: dict[str, str], name: str) -> None:
    root = ET.fromstring(drawn[name])  # noqa: S314 (drawn here)
    assert root.tag.endswith("svg")
    assert root.find("{*}title") is not None
    assert "prefers-color-scheme: dark" in drawn[name]
    assert "href" not in drawn[name]
    width = float(root.attrib["viewBox"].split()[2])
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        assert float(text.attrib["x"]) + float(text.attrib["textLength"]) < width


def test_the_demos_numbers_say_where_they_come_from() -> None:
    demo = json.loads((IMAGES / "demo.json").read_text(encoding="utf-8"))
    assert {"command", "date", "commit", "processor"} <= set(demo)
    for run in demo["runs"]:
        low, high = run["interval"]
        assert low <= run["accuracy"] <= high
    base, *others = demo["runs"]
    for run in others:
        assert run["difference"] == pytest.approx(run["accuracy"] - base["accuracy"])
