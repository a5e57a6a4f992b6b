import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from synth.errors import StylerepError
from synth.evaluation_sets import EVALUATION_SETS, evaluation_problems, iter_evaluation_problems, problems_of
from synth.grading.answers import final_answer, is_right
from synth.problems import Problem, load_problems

GENERATED = [name for name, one in EVALUATION_SETS.items() if one.levels]
PUBLISHED = [name for name in EVALUATION_SETS if name not in GENERATED]
FIRST = {
    "arith": "9ee5faeb55cf2257",
    "chain": "73335fc3e64f7ab4",
    "kinship": "ec73d992ea38db45",
    "kg": "2009844fc5bb30cd",
    "claims": "dd7b5e0b302d5913",
    "countdown": "b19e517389115fda",
    "arith_short": "8bca459d3d5d24a3",
    "gym_base_conversion": "26327744dad158ea",
    "gym_leg_counting": "b861126eb58eadff",
    "gym_complex_arithmetic": "b4f7fdfc3723dd00",
    "gym_circuit_logic": "ed9a1da0bd79c032",
    "gym_course_schedule": "b790225237be897f",
    "gym_shortest_path": "b2679f1e2e94f34e",
    "gym_largest_island": "b6eb1cf3b82de7f6",
    "gym_letter_counting": "4483e4796b6372f2",
    "gym_string_manipulation": "03da8b72380a4531",
    "gym_time_intervals": "37e469b883f09f6b",
    "gym_color_cube_rotation": "8e0f37d742a0f424",
    "gym_arc_1d": "01a60c87760fbfcb",
}


def first(name: str, n: int = 20, seed: int = 0) -> list[Problem]:
    if name.startswith("gym_"):
        pytest.importorskip("reasoning_gym", reason='needs pip install "stylerep[gym]"')
    return evaluation_problems(name, n, seed)


def digest(problems: list[Problem]) -> str:
    """What is asked; what else the meta says of a problem may grow."""
    return hashlib.sha256(
        "\n".join(f"{one.id}|{one.question}|{one.answer}" for one in problems).encode()
    ).hexdigest()[:16]


def test_the_sets_are_those_that_the_tasks_name() -> None:
    assert PUBLISHED == ["gsm8k", "math500", "aime24", "aime25", "gpqa_diamond", "svamp"]
    assert GENERATED[:6] == ["arith", "chain", "kinship", "kg", "claims", "countdown"]
    assert len(GENERATED) == 7 + 12
    assert set(FIRST) == set(GENERATED)
    assert all(EVALUATION_SETS[name].n == 2000 for name in GENERATED)


@pytest.mark.parametrize("name", GENERATED)
def test_the_items_are_the_same_forever(name: str) -> None:
    assert digest(first(name)) == FIRST[name]


@pytest.mark.parametrize("name", GENERATED)
def test_levels_take_turns_and_nothing_is_asked_twice(name: str) -> None:
    problems, levels = first(name, 60), list(EVALUATION_SETS[name].levels)
    assert [one.meta["level"] for one in problems] == list(itertools.islice(itertools.cycle(levels), 60))
    assert len({one.id for one in problems}) == len({one.question for one in problems}) == 60
    assert all(
        one.id.endswith(f"-level{one.meta['level']}") and one.meta["split"] == "test" for one in problems
    )
    assert first(name, 7) == problems[:7]


@pytest.mark.parametrize("name", GENERATED)
def test_the_right_answer_can_be_stated_and_is_judged_right(name: str) -> None:
    for one in first(name, 60):
        stated = final_answer(f"So it is.\n\nThe answer is {one.answer}.", one.answer_type)
        assert is_right(stated, one.answer, one.answer_type, json.loads(json.dumps(dict(one.meta))))


@pytest.mark.parametrize("name", GENERATED)
def test_another_seed_has_other_questions_and_the_training_split_none_of_these(name: str) -> None:
    problems = first(name, 60)
    asked = {one.question for one in problems}
    # An easy level may have a question in both: there are only so many.
    assert len(asked & {one.question for one in first(name, 60, seed=1)}) <= 3
    spec = EVALUATION_SETS[name].spec.replace(":test", ":train").replace("=test", "=train")
    trained = {
        one.question
        for options in EVALUATION_SETS[name].levels.values()
        for one in load_problems(f"{spec}:{options}", 100)
    }
    assert not asked & trained


@pytest.mark.parametrize(
    ("name", "key"),
    [("arith", "steps"), ("chain", "hops"), ("kinship", "hops"), ("kg", "hops"), ("claims", "hops")],
)
def test_a_level_is_the_number_of_hops_or_operations(name: str, key: str) -> None:
    assert all(str(one.meta[key]) == one.meta["level"] for one in first(name, 40))


def test_the_hash_seed_of_python_changes_nothing() -> None:
    pytest.importorskip("reasoning_gym", reason='needs pip install "stylerep[gym]"')
    code = (
        "from synth.evaluation_sets import EVALUATION_SETS, evaluation_problems\nfor name, one in"
        " EVALUATION_SETS.items():\n    if one.levels:\n        print([(p.question, sorted(p.meta.items(),"
        " key=str)) for p in evaluation_problems(name, 10)])"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "17"
    ]
    assert said[0] == said[1]
    assert len(said[0]) > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("name", GENERATED)
def test_there_are_two_thousand_items(name: str) -> None:
    problems = first(name, 2000)
    assert len({one.id for one in problems}) == len({one.question for one in problems}) == 2000
    counts = Counter(one.meta["level"] for one in problems)
    assert set(counts) == set(EVALUATION_SETS[name].levels)
    assert max(counts.values()) - min(counts.values()) <= 1  # 2,000 is no multiple of 3
    assert all(one.answer for one in problems)


def test_items_come_one_by_one() -> None:
    assert list(itertools.islice(iter_evaluation_problems("claims"), 3)) == evaluation_problems("claims", 3)


def rows(*questions: str) -> str:
    return "".join(
        json.dumps({"question": one, "answer": "1+1=<<1+1=2>>2\n#### 2"}) + "\n" for one in questions
    )


def test_a_published_set_comes_from_the_folder_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gsm8k_test.jsonl").write_text(rows("b?", "a?", "c?"))
    with pytest.warns(
        UserWarning, match=r"gsm8k_test.jsonl has 3 problems where the published set has 1319\.$"
    ):
        problems = evaluation_problems("gsm8k", 2, seed=3, folder=tmp_path)
    assert [(one.id, one.question, one.meta["level"]) for one in problems] == [
        ("gsm8k-test-0", "b?", "1"),
        ("gsm8k-test-1", "a?", "1"),
    ]
    monkeypatch.setenv("STYLEREP_DATA", str(tmp_path))
    with pytest.warns(UserWarning, match="3 problems"):
        assert problems_of("gsm8k:test", 2) == problems
    with pytest.warns(UserWarning, match="3 problems"):
        assert len(evaluation_problems("gsm8k", 5)) == 3


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_folder_that_lacks_the_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        StylerepError,
        match=f"{EVALUATION_SETS[name].files[0]}: no such file, though data_dir names this folder",
    ):
        evaluation_problems(name, folder=tmp_path)


def test_the_second_name_of_a_file_is_looked_for_too(tmp_path: Path) -> None:
    columns = [
        "Question",
        "Correct Answer",
        "Incorrect Answer 1",
        "Incorrect Answer 2",
        "Incorrect Answer 3",
        "High-level domain",
    ]
    (tmp_path / "gpqa_diamond.csv").write_text(",".join(columns) + "\nq,a,b,c,d,Biology\n")
    with pytest.warns(UserWarning, match="has 1 problems"):
        (one,) = evaluation_problems("gpqa_diamond", folder=tmp_path)
    assert one.meta["level"] == "Biology"


def test_what_cannot_be_had_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    monkeypatch.setattr("synth.evaluation_sets.benchmark_file", lambda names, folder: None)
    monkeypatch.setattr("synth.problems.local_files.benchmark_file", lambda names: None)
    for name in PUBLISHED:
        with pytest.raises(
            StylerepError, match=r"there is no local .* cannot be loaded from the Hub.*STYLEREP_DATA\.$"
        ):
            evaluation_problems(name)


@pytest.mark.parametrize(
    ("name", "n", "says"),
    [("nothing", None, "choose from arith, chain"), ("chain", 0, "at least 1"), ("gsm8k", -1, "at least 1")],
)
def test_what_makes_no_sense_is_refused(name: str, n: int | None, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        evaluation_problems(name, n)


def test_any_source_can_be_a_test(tmp_path: Path) -> None:
    chains = problems_of("chain:test:min_hops=10:max_hops=10", 5)
    assert [one.meta["level"] for one in chains] == ["10"] * 5
    assert chains == problems_of("chain:test:min_hops=10:max_hops=10", 6)[:5]
    (tmp_path / "mine.jsonl").write_text(
        '{"question": "b?", "answer": "1"}\n{"question": "a?", "answer": "2"}\n'
    )
    assert [one.question for one in problems_of(str(tmp_path / "mine.jsonl"))] == ["b?", "a?"]
    assert [one.question for one in problems_of(str(tmp_path / "mine.jsonl"), 1)] == ["b?"]


@pytest.mark.parametrize(
    ("name", "n", "levels"),
    [
        ("gsm8k", 1319, {"1", "2", "3", "4", "5", "6", "7", "8", "9", "11"}),
        ("math500", 500, {"1", "2", "3", "4", "5"}),
        ("aime24", 30, {None}),
        ("svamp", 1000, {"Subtraction", "Addition", "Multiplication", "Common-Division"}),
    ],
)
def test_the_real_files(real_data: Path, name: str, n: int, levels: set[str | None]) -> None:
    problems = evaluation_problems(name, folder=real_data / "benchmarks")
    assert len(problems) == len({one.id for one in problems}) == n == EVALUATION_SETS[name].published
    assert {one.meta.get("level") for one in problems} <= levels
