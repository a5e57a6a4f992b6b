import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synth.errors import StylerepError
from synth.style import load_lexicon, style_scores
from synth.style.profile import SHIPPED, build_profile, compare_profiles, jensen_shannon, load_profile

LEXICON = load_lexicon("en")


def traces(line: str, n: int = 30) -> list[str]:
    return [f"So I add {i} and two.\n" * 5 + line * (i % 3 + 1) for i in range(n)]


def profile(line: str, name: str = "made"):
    return build_profile(
        name,
        [style_scores(trace, LEXICON) for trace in traces(line)],
        LEXICON,
        [{"file": "made.jsonl", "responses": 30}],
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_profiles_load_and_say_where_they_are_from(name: str) -> None:
    shipped = load_profile(name)
    assert shipped.lexicon == LEXICON.signature
    assert shipped.n == sum(source["traces"] for source in shipped.sources) > 0
    assert all(len(source["sha256"]) == 64 for source in shipped.sources)
    assert 0 < len(shipped.sample) <= 200
    assert len(json.dumps(shipped.to_json())) < 60_000


def test_a_profile_reads_back_as_it_was_written(tmp_path: Path) -> None:
    made = profile("Wait, no. Let me check.\n")
    (tmp_path / "p.json").write_text(json.dumps(made.to_json()), encoding="utf-8")
    assert load_profile(tmp_path / "p.json").to_json() == made.to_json()
    assert load_profile(tmp_path / "p.json").digest == made.digest


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": "other/1"}, "format: expected 'stylerep-profile/1', found 'other/1'"),
        ({"name": 3}, "name: expected a text, found 3"),
        ({"n": 1e3}, "n: expected a whole number, found 1000.0"),
        ({"n": True}, "n: expected a whole number, found True"),
        ({"rates": None}, "rates: expected a mapping, found None"),
        ({"rates": {"kinds": None}}, "rates.kinds: expected a list, found None"),
        ({"rates": {"openers": float("nan")}}, "rates.openers: expected a finite number, found nan"),
        ({"rates": {"quarters": [1, 2]}}, "rates.quarters: expected a list of at least 4, found"),
        (
            {"means": {"trace_words": 1e300}},
            "means.trace_words: expected a number of at most 1e.09, found 1e.300",
        ),
        ({"means": {"trace_words": "10"}}, "means.trace_words: expected a number, found '10'"),
        ({"positions": []}, "positions: expected a mapping"),
        ({"sources": {}}, "sources: expected a list"),
        ({"sample": {}}, "sample: expected a list, found {}"),
        ({"sample": [[1.0]]}, "expected as many numbers in row 1 of 'sample' as there are means"),
        ({"sample": [[{}]]}, r"sample\[0\]\[0\]: expected a number"),
        ({"colour": 1}, "there is no key 'colour'"),
    ],
)
def test_what_does_not_fit_a_profile_is_told_by_key(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    content = profile("Wait, no.\n").to_json()
    for key, value in change.items():
        content[key] = (
            {**content[key], **value}
            if isinstance(value, dict) and value and isinstance(content.get(key), dict)
            else value
        )
    (tmp_path / "p.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(
        StylerepError, match=rf"p\.json: this is no style profile of this version of stylerep: {says}"
    ):
        load_profile(tmp_path / "p.json")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "this is not valid JSON"),
        (b"[]", "this is no style profile .*: expected a mapping"),
        (b"{}", "this is no style profile .*: the key 'format' is missing"),
        (b"\xff", "this is not UTF-8"),
        (b"[" * 5000, "this is nested more than 200 levels deep"),
        (b"[" * 300 + b"]" * 300, "this is nested more than 200 levels deep"),
        (b'{"n": ' + b"9" * 5000 + b"}", "this holds a whole number of more digits than can be read"),
    ],
)
def test_what_is_no_profile_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(StylerepError, match=rf"p\.json: {says}"):
        load_profile(tmp_path / "p.json")
    with pytest.raises(StylerepError, match="there is no such profile"):
        load_profile("nonesuch")
    with pytest.raises(StylerepError, match="expected a file, found a folder"):
        load_profile(tmp_path)


def test_a_profile_differs_from_another_and_not_from_itself() -> None:
    one, other = profile("Wait, no. Alternatively.\n"), profile("Let me check.\n", "other")
    same = compare_profiles(one, one, 200)
    assert all(d.estimate == pytest.approx(0, abs=1e-9) for d in same.divergences + same.differences)
    assert min(d.p for d in same.divergences) > 0.5
    apart = {d.name: d for d in compare_profiles(one, other, 200).divergences}
    assert apart["pivot kinds"].estimate == pytest.approx(1, abs=1e-6)
    assert apart["pivot kinds"].p == pytest.approx(1 / 201)
    assert apart["pivot kinds"].low > 0.9
    assert compare_profiles(one, other, 200) == compare_profiles(one, other, 200)


def test_profiles_of_different_scores_are_not_compared() -> None:
    one = profile("Wait.\n")
    with pytest.raises(StylerepError, match="different scores"):
        compare_profiles(one, replace(one, means={"x": 1.0}))


def test_jensen_shannon_agrees_with_scipy() -> None:
    from scipy.spatial.distance import jensenshannon

    rng = np.random.default_rng(0)
    for _ in range(20):
        p, q = rng.random(4), rng.random(4)
        assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-12)
    assert jensen_shannon(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(1)
    assert jensen_shannon(np.zeros(2), np.array([0, 1.0])) == 1
    assert jensen_shannon(np.zeros(2), np.zeros(2)) == 0


def test_an_empty_set_has_no_profile() -> None:
    with pytest.raises(StylerepError, match="at least one trace"):
        build_profile("none", [], LEXICON)
