"""A file of any kind that does not fit is told in a sentence, and what was there stays; ``python -m
benchmarks.fuzz_files`` tries more of each kind.
"""

import os
from pathlib import Path

import pytest

from benchmarks.fuzz_files import all_kinds, outcomes_of
from benchmarks.fuzz_files.changes import Special
from benchmarks.fuzz_files.trial import Kind, attempt
from synth.errors import StylerepError


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> list[Kind]:
    return all_kinds(tmp_path_factory.mktemp("kinds"))


def test_no_file_of_any_kind_leads_to_more_than_a_sentence(kinds: list[Kind]) -> None:
    assert len(kinds) > 50
    for kind in kinds:
        for one in outcomes_of(kind, 1 if kind.share == 1 else 2, 1):
            assert one.ended != "traceback", f"{one.kind}: {one.told}\n{one.content!r:.500}"
            assert not one.lost, f"{one.kind}: {one.lost}"


def test_what_goes_wrong_is_seen(tmp_path: Path) -> None:
    target, other = tmp_path / "a", tmp_path / "b"
    target.write_bytes(b"as it was")
    other.write_bytes(b"whole")

    def act() -> None:
        if target.read_bytes() == b"fault":
            raise KeyError
        if target.read_bytes() == b"mistake":
            raise StylerepError("a: this is a mistake.")
        if target.read_bytes() == b"harm":
            other.unlink()

    kind = Kind("a kind", tmp_path, target, None, act)  # type: ignore[arg-type]  # nothing is drawn
    seen = [attempt(kind, content) for content in (b"fault", b"mistake", b"harm", b"well", Special("folder"))]
    assert [one.ended for one in seen] == ["traceback", "refused", "read", "read", "traceback"]
    assert [one.lost for one in seen] == [(), (), (str(other),), (), ()]
    assert (other.read_bytes(), target.read_bytes(), sorted(os.listdir(tmp_path))) == (
        b"whole",
        b"as it was",
        ["a", "b"],
    )
