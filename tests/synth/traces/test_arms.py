import pytest

from synth.errors import StylerepError
from synth.traces.arms import ARMS, FACTORIAL_ARMS, parse_arms


def test_the_factorial_crosses_pivots_order_and_conclusion() -> None:
    arms = parse_arms(FACTORIAL_ARMS)
    assert len({(arm.pivots, arm.shuffled, arm.wrong) for arm in arms}) == 8
    assert [arm.name for arm in parse_arms(["st", "st_np_shuf_w"], "st")] == ["st", "st_np_shuf_w"]


def test_an_arm_is_made_once() -> None:
    assert [arm.name for arm in parse_arms(["hc", "nt", "hc", " "])] == ["hc", "nt"]


def test_an_arm_is_one_however_its_fraction_is_written() -> None:
    names = ["mix=.5", "mix=0.50", "mix=5e-1", "digits=1.", "digits=1", "delete=0"]
    assert [arm.name for arm in parse_arms(names)] == ["mix=0.5", "digits=1", "delete=0"]


@pytest.mark.parametrize(
    ("names", "base", "says"),
    [
        ([], "hc", "No arm"),
        (["hx"], "hc", "hx"),
        (["base"], "hc", "no data set"),
        (["st"], "hc", "--from"),
        (["hc"], "st", "--problems"),
        (["sbs"], "st", "--problems"),
        (["hc_w_np"], "hc", "hc_w_np"),
        (["mix=0.5"], "st", "mix"),
        (["blend=0.5"], "hc", "blend"),
        (["shuffle=x"], "hc", "from 0 to 1"),
        (["shuffle=1.5"], "hc", "from 0 to 1"),
        (["shuffle=nan"], "hc", "from 0 to 1"),
        (["shuffle="], "hc", "from 0 to 1"),
    ],
)
def test_what_is_no_arm_is_refused(names: list[str], base: str, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        parse_arms(names, base)


def test_every_fixed_name_is_an_arm() -> None:
    assert [arm.name for arm in parse_arms(ARMS)] == list(ARMS)
