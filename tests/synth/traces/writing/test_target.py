import json
import random
from pathlib import Path

import pytest

from synth.errors import StylerepError
from synth.problems import load_problems
from synth.style import KINDS, load_lexicon, style_scores
from synth.style.profile import load_profile
from synth.traces.rendering import render
from synth.traces.writing.target import read_dials, style_target


def densities(dials: dict[str, float], n: int = 250) -> dict[str, float]:
    rows = render(load_problems("arith:train", n), ["hc"], dials=dials)
    features = [style_scores(row["hc"].trace, load_lexicon("en")).features() for row in rows]
    return {name: sum(one[name] for one in features) / n for name in features[0]}


def test_targets_are_drawn_near_real_traces() -> None:
    profile = load_profile("long-reasoning")
    target = style_target()
    rng = random.Random(0)
    drawn = [target.draw(rng) for _ in range(4000)]
    for i, kind in enumerate(KINDS):
        mean = sum(one.pivots[i] for one in drawn) / len(drawn)
        assert mean == pytest.approx(profile.means[f"pivot_density_{kind}"], rel=0.15)
    assert sum(one.shares[1] for one in drawn) / len(drawn) == pytest.approx(
        profile.means["stage_share_exploration"], rel=0.05
    )
    assert all(abs(sum(one.shares) - 1) < 1e-6 for one in drawn)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("pivot_density", (0.5, 1.5, 3.0)),
        ("pivot_density_exploration", (0.1, 0.6, 1.5)),
        ("opener_density", (0.5, 2.4, 4.0)),
        ("first_person_density", (0.3, 1.4, 3.0)),
        ("stage_share_framing", (0.08, 0.2, 0.35)),
        ("stage_share_verification", (0.05, 0.2, 0.35)),
        ("formatted", (0.0, 0.15, 0.4)),
    ],
)
def test_a_dial_moves_what_it_names(name: str, values: tuple[float, ...]) -> None:
    got = [densities({name: value})[name] for value in values]
    assert got == sorted(got)
    assert got[-1] - got[0] > 0.5 * (values[-1] - values[0])
    middle = values[1]
    assert got[1] == pytest.approx(middle, rel=0.35, abs=0.03)


def test_length_and_places_are_dials() -> None:
    assert densities({"trace_words": 80})["trace_words"] < 0.6 * densities({})["trace_words"]
    early = {"quarter_1": 1.0, "quarter_2": 0.1, "quarter_3": 0.05, "quarter_4": 0.05}
    rows = render(load_problems("arith:train", 200), ["hc"], dials=early)
    places = [pivot["start"] / len(row["hc"].trace) for row in rows for pivot in row["hc"].pivots]
    rows = render(load_problems("arith:train", 200), ["hc"])
    usual = [pivot["start"] / len(row["hc"].trace) for row in rows for pivot in row["hc"].pivots]
    assert sum(places) / len(places) < sum(usual) / len(usual) - 0.1


def test_diversity_is_a_dial() -> None:
    def phrases(dials: dict[str, float]) -> int:
        rows = render(load_problems("arith:train", 200), ["hc"], dials=dials)
        return len({str(pivot["phrase"]) for row in rows for pivot in row["hc"].pivots})

    assert phrases({"pivot_phrases": 2}) <= 12
    assert phrases({}) > 30


def test_wrong_turns_are_a_dial() -> None:
    def turns(share: float) -> int:
        return sum(
            len(row["hc"].wrong_turns)
            for row in render(load_problems("arith:train", 200), ["hc"], dials={"wrong_turns": share})
        )

    assert turns(0) == 0 < turns(0.3) < turns(1)


@pytest.mark.parametrize(
    ("dials", "says"),
    [
        ({"pivot": 1.0}, "no dial 'pivot'"),
        ({"pivot_density": -1.0}, "0 to 20"),
        ({"stage_share_framing": 2.0}, "0 to 1"),
        ({"wrong_turns": 3.0}, "0 to 1"),
    ],
)
def test_dials_that_make_no_sense_are_refused(dials: dict[str, float], says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        style_target(dials=dials)


@pytest.mark.parametrize(
    "text", ["pivot_density", "pivot_density=", "pivot_density=many", "=3", "pivot_density=inf"]
)
def test_dials_are_written_name_equals_number(text: str) -> None:
    with pytest.raises(StylerepError, match="dial"):
        style_target(dials=read_dials([text]))


def test_a_whole_number_is_the_dial_that_the_command_reads() -> None:
    assert style_target(dials={"trace_words": 60}) == style_target(dials=read_dials(["trace_words=60"]))


def test_a_profile_of_ones_own_is_a_target(tmp_path: Path) -> None:
    content = load_profile("instruct").to_json()
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content))
    assert style_target(path).rows == style_target("instruct").rows
    content["sample"] = []
    path.write_text(json.dumps(content))
    with pytest.raises(StylerepError, match="single traces"):
        style_target(path)
