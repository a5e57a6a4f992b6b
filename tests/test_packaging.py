"""What pyproject.toml promises of versions: the pinned set lies in its ranges, each range has both ends, and
the Python asked for can install the set.
"""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.newest_versions import differing

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")
PINS = {
    canonicalize_name(name): pinned
    for name, _, pinned in (line.partition("==") for line in CONSTRAINTS.splitlines())
    if pinned
}
PYTHON = PROJECT["project"]["requires-python"]


def requirements() -> list[Requirement]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    found = [
        Requirement(text)
        for text in [*PROJECT["project"]["dependencies"], *(text for extra in extras for text in extra)]
    ]
    return [one for one in found if one.name != PROJECT["project"]["name"]]  # an extra of ours within another


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_a_range_has_both_ends_and_holds_the_pinned_version(requirement: Requirement) -> None:
    assert {one.operator for one in requirement.specifier} == {">=", "<"}
    assert PINS[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_python_asked_for_can_install_the_pinned_set() -> None:
    least = re.fullmatch(r">=(3\.\d+)", PYTHON)
    assert least
    assert PROJECT["tool"]["ruff"]["target-version"] == f"py{least[1].replace('.', '')}"
    assert PROJECT["tool"]["mypy"]["python_version"] == least[1]
    for name in PINS:
        try:
            needed = metadata(name).get("Requires-Python")
        except PackageNotFoundError:  # of another system
            continue
        assert not needed or f"{least[1]}.0" in SpecifierSet(needed), f"{name} needs Python {needed}"


def test_what_differs_from_the_pins_is_named() -> None:
    here = version("transformers")
    assert differing(f"# pins\ntransformers=={here}\nnot-installed==1.0\n") == []
    assert differing("transformers==4.0.0  # old\n") == [f"transformers {here} (pinned: 4.0.0)"]


def test_the_tests_of_the_newest_versions_are_there() -> None:
    listed = re.search(
        r"^NEWEST_TESTS :=((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert listed
    for path in listed[1].replace("\\", " ").split():
        assert (ROOT / path).exists(), path
