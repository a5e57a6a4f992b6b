import itertools
from pathlib import Path

import pytest
import yaml

from synth.decontaminate import RUN, TASKS, load_decontamination, runs_of_words
from synth.problems import Problem, iter_problems, load_problems

ROOT = Path(__file__).parents[2]


def problem(question: str, source: str = "mine") -> Problem:
    return Problem("one", source, question, "1", "number", ())


def test_every_task_is_known_here() -> None:
    names = {yaml.load(path.read_text(), Loader=yaml.BaseLoader)["task"] for path in _task_files()}  # noqa: S506 (strings only)
    assert names == set(TASKS)


def _task_files() -> list[Path]:
    # lm_eval's !function is no YAML that a plain loader knows: the base loader reads it as text.
    yaml.BaseLoader.add_multi_constructor("!", lambda loader, suffix, node: suffix)
    return [path for path in (ROOT / "tasks").rglob("*.yaml") if not path.name.startswith("_")]


def test_a_test_question_is_dropped_whatever_its_case_and_punctuation() -> None:
    check = load_decontamination()
    asked = next(iter_problems("arith:test", 1)).question
    assert not check.clean(problem(asked))
    assert not check.clean(problem(asked.upper().replace(".", " !")))
    assert not check.clean(problem(asked, "arith"))
    assert check.clean(problem("How many angels can dance on the head of a pin, if there are five of them and each is small?"))
    assert check.report()["tasks"]["style_arith"] == {"questions": 2000, "sharing": 3, "dropped": 3}
    assert check.report()["dropped_ids"] == ["one"] * 3


def test_thirteen_words_in_a_row_are_enough_and_twelve_are_not() -> None:
    asked = next(p.question for p in iter_problems("arith:test", 50) if len(p.question.split()) > 20).split()
    check = load_decontamination()
    assert not check.clean(problem(" ".join(["Listen well."] * 5 + asked[2 : 2 + RUN] + ["Strange words follow."] * 5)))
    assert check.clean(problem(" ".join(["Listen well."] * 5 + asked[2 : 1 + RUN] + ["Strange words follow."] * 5)))


def test_one_source_told_in_the_same_words_is_kept_apart_by_construction() -> None:
    check = load_decontamination()
    kept = [p for p in load_problems("arith:train", 500) if check.clean(p)]
    assert len(kept) == 500
    assert check.report()["tasks"]["style_arith"]["sharing"] > 0


def test_a_short_question_is_compared_as_a_whole() -> None:
    assert len(list(runs_of_words("Only five words stand here"))) == 1
    assert len(list(runs_of_words(" ".join(map(str, range(20)))))) == 20 - RUN + 1


def test_a_task_whose_questions_are_not_here_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STYLEREP_DATA", str(tmp_path))
    check = load_decontamination()
    assert "gsm8k_test.jsonl" in check.missing["style_gsm8k"]
    assert "style_gsm8k" in check.report()["not_checked"]
    assert check.runs.keys() == {"style_arith"}


def test_real_training_problems_that_stand_in_the_test_are_found(real_data: Path) -> None:
    check = load_decontamination()
    test = load_problems(str(real_data / "benchmarks/gsm8k_test.jsonl"), 100)
    assert not any(check.clean(one) for one in test)
    train = list(itertools.islice(iter_problems(str(real_data / "benchmarks/gsm8k_train.jsonl")), 2000))
    assert sum(check.clean(one) for one in train) > 1980
