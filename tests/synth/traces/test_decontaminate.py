import itertools
import json
from pathlib import Path

import pytest
import yaml

from synth.evaluation_sets import EVALUATION_SETS, evaluation_problems
from synth.problems import Problem, iter_problems, load_problems, prompt
from synth.traces.decontaminate import (
    GENERATED,
    RUN,
    load_decontamination,
    load_generated,
    question_hash,
    runs_of_words,
)

ROOT = Path(__file__).parents[3]
ASKED = (
    "Ann has 14 pens and gives 3 of them to each of her 4 friends on Monday. How many pens does Ann still"
    " have?"
)
GENERATED_SETS = [name for name, one in EVALUATION_SETS.items() if one.levels]


def problem(question: str, source: str = "mine") -> Problem:
    return Problem("one", source, question, "1", "number", ())


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of benchmark files in which only GSM8K is, with one question."""
    (tmp_path / "gsm8k_test.jsonl").write_text(json.dumps({"question": ASKED, "answer": "#### 2"}))
    monkeypatch.setenv("STYLEREP_DATA", str(tmp_path))
    return tmp_path


pytestmark = pytest.mark.filterwarnings("ignore:.*where the published set has")


def test_every_task_that_generates_is_known_here() -> None:
    # lm_eval's !function is no YAML that a plain loader knows: the base loader reads it as text.
    yaml.BaseLoader.add_multi_constructor("!", lambda loader, suffix, node: suffix)
    read = [yaml.load(path.read_text(), Loader=yaml.BaseLoader) for path in (ROOT / "tasks").rglob("*.yaml")]  # noqa: S506 (strings only)
    asked = {one["metadata"]["evaluation_set"] for one in read if "evaluation_set" in one.get("metadata", {})}
    assert asked <= set(EVALUATION_SETS)


def test_a_test_question_is_dropped_whatever_its_case_and_punctuation(published: Path) -> None:
    check = load_decontamination()
    assert not check.clean(problem(ASKED))
    assert not check.clean(problem(ASKED.upper().replace(".", " !")))
    assert not check.clean(problem(ASKED, "arith"))
    assert check.clean(
        problem(
            "How many angels can dance on the head of a pin, if there are five of them and each is small?"
        )
    )
    assert check.report()["tasks"]["style_gsm8k"] == {"questions": 1, "dropped": 3}
    assert check.report()["dropped_ids"] == ["one"] * 3


def test_thirteen_words_in_a_row_are_enough_and_twelve_are_not(published: Path) -> None:
    asked = ASKED.split()
    check = load_decontamination()
    assert not check.clean(
        problem(" ".join(["Listen well."] * 5 + asked[2 : 2 + RUN] + ["Strange words follow."] * 5))
    )
    assert check.clean(
        problem(" ".join(["Listen well."] * 5 + asked[2 : 1 + RUN] + ["Strange words follow."] * 5))
    )


def test_words_that_ask_for_any_fraction_are_not_enough(published: Path) -> None:
    ending = "It is equal to m/n where m and n are relatively prime positive integers. What is m + n?"
    asked = (
        "A square of side 7 is cut by a line through its centre into two parts of which one is blue."
        f" {ending}"
    )
    (published / "gsm8k_test.jsonl").write_text(json.dumps({"question": asked, "answer": "#### 2"}))
    check = load_decontamination()
    assert check.clean(problem(f"A circle lies in a triangle. {ending}"))
    assert not check.clean(problem(asked))


@pytest.mark.parametrize("name", GENERATED_SETS)
def test_a_generated_question_is_dropped_with_whatever_stands_around_it(name: str) -> None:
    if name.startswith("gym_"):
        pytest.importorskip("reasoning_gym", reason='needs pip install "stylerep[gym]"')
    check = load_decontamination()
    for one in evaluation_problems(name, 8):
        assert not check.clean(one)
        assert not check.clean(problem(prompt(one.question)))
        assert not check.clean(problem(f"Answer this.\nThink first.\n\n{one.question}\r\n\nAnswer:"))
    report = check.report()["tasks"]
    # The short questions of arithmetic that both tasks have count for the first.
    also = "style_arith" if name == "arith_short" else f"style_{name}"
    assert report[f"style_{name}"]["questions"] == 2000
    assert sum(report[task]["dropped"] for task in {f"style_{name}", also}) == 24


@pytest.mark.parametrize("source", ["arith", "chain", "kinship", "kg", "claims", "countdown"])
def test_one_source_told_in_the_same_words_is_kept_apart_by_construction(source: str) -> None:
    check = load_decontamination()
    assert all(check.clean(one) for one in load_problems(f"{source}:train", 200))


def test_the_file_of_generated_questions_is_that_of_the_sets() -> None:
    known = load_generated()
    sets = [name for name in GENERATED_SETS if not name.startswith("gym_")]
    assert known.questions == {f"style_{name}": 2000 for name in GENERATED_SETS}
    long, short = (
        {question_hash(one.question) for one in evaluation_problems(name)}
        for name in ("arith", "arith_short")
    )
    shared = long & short
    assert 0 < len(shared) < 1000
    assert len(known.tasks) == 2000 * len(GENERATED_SETS) - len(shared)
    for name in sets:
        for one in evaluation_problems(name, 100):
            asked = question_hash(one.question)
            assert known.tasks[asked] == ("style_arith" if asked in shared else f"style_{name}")


@pytest.mark.slow
def test_the_file_of_generated_questions_can_be_written_again() -> None:
    pytest.importorskip("reasoning_gym", reason='needs pip install "stylerep[gym]"')
    from synth.traces.decontaminate import generated_questions

    assert generated_questions() == GENERATED.read_bytes()


def test_a_long_text_is_searched_in_little_time() -> None:
    pytest.importorskip("reasoning_gym", reason='needs pip install "stylerep[gym]"')
    (one,) = load_problems("gym:circuit_logic", 1)
    assert load_decontamination().clean(problem("\n".join([one.question.splitlines()[0]] * 2000)))


def test_a_short_question_is_compared_as_a_whole() -> None:
    assert len(list(runs_of_words("Only five words stand here"))) == 1
    assert len(list(runs_of_words(" ".join(map(str, range(20)))))) == 20 - RUN + 1


def test_a_task_whose_questions_are_not_here_is_named_with_the_reason(published: Path) -> None:
    check = load_decontamination()
    assert check.runs.keys() == {"style_gsm8k"}
    assert "svamp.jsonl" in check.missing["style_svamp"]
    assert "gpqa_diamond.jsonl" in check.report()["not_checked"]["style_gpqa_diamond"]
    assert check.report()["not_checked"].keys() == {
        "style_math500",
        "style_aime24",
        "style_aime25",
        "style_gpqa_diamond",
        "style_svamp",
    }


def test_real_training_problems_that_stand_in_the_test_are_found(real_data: Path) -> None:
    check = load_decontamination()
    test = load_problems(str(real_data / "benchmarks/gsm8k_test.jsonl"), 100)
    assert not any(check.clean(one) for one in test)
    train = list(itertools.islice(iter_problems(str(real_data / "benchmarks/gsm8k_train.jsonl")), 2000))
    assert sum(check.clean(one) for one in train) > 1960
