"""Controls of style, as a user writes them."""

from pathlib import Path
from typing import Any

import pytest

from harness_ext.backends.style_hf.control_settings import Controls, read_controls
from synth.errors import StylerepError
from synth.style import KINDS


def test_no_control_is_no_control() -> None:
    assert read_controls({"pretrained": "x", "dtype": "float32"}) == Controls()
    assert (Controls().label, Controls().record()) == ("", {})


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ({"think_budget": 256}, "budget256"),
        ({"budget_forcing": 2}, "wait2"),
        ({"budget_forcing": "1", "forcing_text": "Hmm"}, "wait1(Hmm)"),
        ({"suppress": "verification+realization"}, "no-realization+no-verification"),
        ({"suppress": "all"}, "no-pivots"),
        ({"suppress": "+".join(KINDS[1:])}, "+".join(f"no-{kind}" for kind in KINDS[1:])),
        ({"think_budget": 9, "budget_forcing": 3}, "budget9+wait3"),
    ],
)
def test_what_is_done_names_the_arm_and_stands_in_the_record(given: dict[str, Any], label: str) -> None:
    controls = read_controls(given)
    assert controls.label == label
    assert set(controls.record()) == set(given)


def test_steering_names_kind_strength_and_layer(tmp_path: Path) -> None:
    file = tmp_path / "d.safetensors"
    file.touch()
    assert (
        read_controls({"steer": str(file), "steer_kind": "realization", "steer_strength": -2}).label
        == "steer-realization-2"
    )
    assert (
        read_controls(
            {"steer": str(file), "steer_kind": "realization", "steer_strength": 0.5, "steer_layer": 3}
        ).label
        == "steer-realization+0.5@3"
    )


def test_directions_are_recorded_by_what_is_in_their_file(tmp_path: Path) -> None:
    records = []
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content)
        records.append(
            read_controls(
                {"steer": str(tmp_path / name), "steer_kind": "realization", "steer_strength": 1}
            ).record()
        )
    assert set(records[0]) == {"steer_kind", "steer_sha256", "steer_strength"}
    assert records[0] == records[1] != records[2]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"think_budget": 0}, "think_budget must be a whole number from 1 on, found 0"),
        ({"think_budget": True}, "think_budget must be a whole number"),
        ({"budget_forcing": -1}, "budget_forcing must be a whole number from 0 on"),
        ({"budget_forcing": 1.5}, "budget_forcing must be a whole number"),
        ({"suppress": "hesitation"}, "suppress takes realization, verification, exploration, integration"),
        ({"suppress": "+"}, "names no kind of pivots"),
        ({"forcing_text": "Hmm"}, "forcing_text goes with budget_forcing"),
        ({"answer_text": "So"}, "answer_text goes with think_budget"),
        ({"budget_forcing": 1, "forcing_text": " "}, "forcing_text is empty"),
        ({"budget_forcing": 1, "suppress": "realization"}, "forbids 'wait' in it"),
        ({"steer": "nowhere.safetensors"}, "there is no such file"),
        ({"steer_layer": 2}, "steer_layer goes with steer"),
        ({"steer": __file__, "steer_strength": 1}, "steer needs steer_kind"),
        ({"steer": __file__, "steer_kind": "doubt", "steer_strength": 1}, "steer_kind must be one of"),
        ({"steer": __file__, "steer_kind": "realization"}, "steer needs steer_strength"),
        (
            {"steer": __file__, "steer_kind": "realization", "steer_strength": "much"},
            "steer_strength must be a number",
        ),
    ],
)
def test_a_control_that_cannot_be_is_refused_in_a_sentence(given: dict[str, Any], message: str) -> None:
    with pytest.raises(StylerepError, match=r"^[^\n]+$") as refused:
        read_controls(given)
    assert message in str(refused.value)
