import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from synth.errors import StylerepError
from synth.problems import load_problems
from synth.problems.gym import GymConfig, gym, gym_score
from synth.problems.problem import Problem

pytest.importorskip("reasoning_gym", reason='needs pip install "stylerep[gym]"')

NAMES = [
    "chain_sum",
    "word_sorting",
    "family_relationships",
    "base_conversion",
    "n_queens",
    "arc_agi",
    "gsm_symbolic",
    "list_functions",
    "countdown",
    "number_sorting",
    "bitwise_arithmetic",
]


def first(
    n: int, name: str = "chain_sum", split: str = "train", seed: int = 0, **options: object
) -> list[Problem]:
    return list(itertools.islice(gym(split, seed, GymConfig(name, options)), n))


def test_items_are_the_same_forever() -> None:
    assert first(20) == first(20)
    known = first(1, split="test")[0]
    assert (known.id, known.answer) == ("gym-chain_sum-1-test-0-0", "-36")


@pytest.mark.parametrize("name", NAMES)
def test_stored_answers_are_judged_right_and_others_wrong(name: str) -> None:
    for item in first(3, name):
        meta = json.loads(json.dumps(item.meta))
        assert gym_score(item.answer, meta) == 1
        assert gym_score("no idea", meta) < 1
        assert gym_score("", meta) < 1


def test_an_answer_that_is_right_without_being_the_stored_one_is_judged_right() -> None:
    (item,) = first(1, "countdown")
    assert gym_score(f"({item.answer})", item.meta) == 1
    arc = next(gym("train", 0, GymConfig("arc_agi")))
    assert gym_score(arc.answer + "\n", json.loads(json.dumps(arc.meta))) == 1


def test_splits_and_seeds_share_no_question() -> None:
    asked = [
        {item.question for item in first(200, split=split, seed=seed)}
        for split, seed in (("train", 0), ("train", 1), ("test", 0), ("validation", 0))
    ]
    assert all(not a & b for a, b in itertools.combinations(asked, 2))


@pytest.mark.parametrize(
    "name", ["n_queens", "binary_matrix", "spiral_matrix", "string_insertion", "countdown", "puzzle24"]
)
@pytest.mark.parametrize(
    "answer", ["__import__('pathlib').Path('{}').touch()", "[open('{}', 'w')]", "9**9**9**9", "(" * 9000]
)
def test_what_a_model_answers_is_never_run(name: str, answer: str, tmp_path: Path) -> None:
    trap = tmp_path / "was_run"
    (item,) = first(1, name)
    assert gym_score(answer.replace("{}", str(trap)), item.meta) < 1
    assert not trap.exists()


@pytest.mark.parametrize("name", ["number_sorting", "bitwise_arithmetic"])
def test_what_stands_in_an_item_is_never_run(name: str, tmp_path: Path) -> None:
    (item,) = first(1, name)
    code = f"__import__('pathlib').Path('{tmp_path / 'was_run'}').touch()"
    entry = {
        **item.meta["entry"],
        "answer": code,
        "metadata": {**item.meta["entry"]["metadata"], "problem": code},
    }
    assert gym_score("[1]", {**item.meta, "entry": entry}) < 1
    assert not (tmp_path / "was_run").exists()


def test_an_answer_without_its_item_cannot_be_judged() -> None:
    with pytest.raises(StylerepError, match="entry"):
        gym_score("1", {})


def test_a_spec_names_the_data_set_its_split_and_its_options() -> None:
    items = load_problems("gym:chain_sum:split=test:min_terms=2:max_terms=2", 5)
    assert all(item.question.count("+") + item.question.count("-") == 1 for item in items)
    assert {item.meta["split"] for item in items} == {"test"}
    assert {item.answer_type for item in items} == {"gym"}


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("gym:no_such", "no data set 'no_such'"),
        ("gym:composite", "composite"),
        ("gym:chain_sum:max_term=4", "max_terms"),
        ("gym:chain_sum:max_terms=0", "refuses"),
        ("gym:chain_sum:max_terms=[", "YAML"),
        ("gym:chain_sum:split=dev", "validation"),
        ("gym:rush_hour", "stores no answers"),
        ("gym:simple_integration", "sympy"),
    ],
)
def test_what_cannot_be_used_is_refused(spec: str, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        load_problems(spec, 1)


def test_too_few_distinct_items_are_reported() -> None:
    with pytest.raises(StylerepError, match="100 problems were asked for and it has"):
        load_problems("gym:chain_sum:min_terms=1:max_terms=1:min_digits=1:max_digits=1", 100)


def test_items_that_hang_on_the_hash_seed_need_it_fixed() -> None:
    code = "from synth.problems import load_problems; print(load_problems('gym:ransom_note', 2)[1].question)"

    def run(seed: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[3],
        )

    assert "PYTHONHASHSEED=0" in run("1").stderr
    assert run("0").stdout == run("0").stdout != ""


def test_without_the_library_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym.factory", None)
    with pytest.raises(StylerepError, match=r"pip install \"stylerep\[gym\]\""):
        load_problems("gym:chain_sum", 1)
