"""Every control in every family changes what is written, or is refused:
on whatever transformers is installed.
"""

from pathlib import Path

import pytest

from benchmarks.controls_table import CHANGES, CONTROLS, SILENT, table
from harness_ext.backends.style_hf.control_settings import NAMES
from tests.distill.tiny_families import SHAPES


@pytest.mark.parametrize("family", sorted(SHAPES))
def test_no_control_is_without_effect_in_any_family(family: str, tmp_path: Path) -> None:
    (row,) = table([family], tmp_path).values()
    assert not [control for control, words in row.items() if words == SILENT]
    assert {words for control, words in row.items() if not control.startswith("fast")} == {CHANGES}
    assert row["fast training"].startswith("packed; refused:" if family == "gpt2" else "packed; ")
    assert ("refused" in row["fast writing"]) == (family == "gpt2")  # whose Conv1D layers are left to peft


def test_the_table_has_every_control() -> None:
    assert set(NAMES) <= set(CONTROLS)
