"""Keeps out of training what stands in a test: problems that are too like a question of a ``style_*`` task.

A published question and a problem are too alike if they have 13 words in a row in common (Brown et al. 2020,
arXiv:2005.14165, appendix C), case and punctuation apart; a shorter question is compared as a whole. Runs
with the words in which competitions ask for any fraction ("where m and n are relatively prime positive
integers") do not count: a quarter of AMC 2023 shares them with AIME 2024. Questions that are generated share
runs with all others of their source, being told in the same words, and splits are kept apart by content
(`synth.problems.splits`): of them only the same question is kept out,
wherever it stands in a text on lines of its own.

The generated questions are not generated again for it, which takes half a minute, but known by their hashes
in a file beside this one. ``python -m synth.traces.decontaminate`` writes that file anew, which is needed
when `synth.evaluation_sets` changes.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from synth.errors import StylerepError
from synth.evaluation_sets import EVALUATION_SETS, evaluation_problems
from synth.problems import Problem
from synth.problems.local_files import VARIABLE, benchmark_file
from synth.seeding import digest

RUN = 13
GENERATED = Path(__file__).with_name("generated_questions.bin")
# Hashes of 48 bits: that any of a million texts is dropped by mistake has a chance of about 1 in 4,000.
_BYTES = 6
_WORD = re.compile(r"\w+")
_NAMED = 100
_STOCK = "are relatively"


@dataclass
class Decontamination:
    """Test questions to hold problems against, and what came of it.

    `runs` has for each task with published questions the hashes of their runs of words, `generated` are those
    of the others, `questions` has the number of both,
    `missing` names the tasks whose questions cannot be read here, and why.
    """

    runs: dict[str, frozenset[int]]
    generated: "Generated"
    questions: dict[str, int]
    missing: dict[str, str]
    dropped: Counter[str] = field(default_factory=Counter)
    dropped_ids: list[str] = field(default_factory=list)

    def clean(self, problem: Problem) -> bool:
        """Say whether a problem may be used; count it where it is too like a test question."""
        return self.clean_text(problem.question, problem.id)

    def clean_text(self, question: str, identifier: str) -> bool:
        """Say the same of a question by itself."""
        own = list(runs_of_words(question))
        alike = {task for task, runs in self.runs.items() if not runs.isdisjoint(own)}
        alike |= {
            self.generated.tasks[one] for one in self.generated.parts(question) if one in self.generated.tasks
        }
        self.dropped.update(alike)
        if alike and len(self.dropped_ids) < _NAMED:
            self.dropped_ids.append(identifier)
        return not alike

    def report(self) -> dict[str, Any]:
        """Return what the manifest says: for each task its questions and how many problems were too like
        them, and the first of these.
        """
        return {
            "words_in_a_row": RUN,
            "tasks": {
                task: {"questions": n, "dropped": self.dropped[task]} for task, n in self.questions.items()
            },
            "not_checked": self.missing,
            "dropped_ids": self.dropped_ids,
        }


def load_decontamination() -> Decontamination:
    """Read the questions of all tasks; a task whose questions are not on this machine is noted, with the
    reason, and nothing is downloaded for it.
    """
    generated = load_generated()
    check = Decontamination({}, generated, dict(generated.questions), {})
    for name, one in EVALUATION_SETS.items():
        if one.levels:
            continue
        task = f"style_{name}"
        try:
            if benchmark_file(one.files) is None:
                raise StylerepError(
                    f"There is no {' or '.join(one.files)} here: put it into a folder and name that in the"
                    f" environment variable {VARIABLE}."
                )
            asked = [problem.question for problem in evaluation_problems(name)]
        except StylerepError as error:
            check.missing[task] = str(error)
            continue
        check.runs[task] = frozenset().union(*map(_telling_runs, asked))
        check.questions[task] = len(asked)
    return check


def runs_of_words(text: str) -> Iterator[int]:
    """Yield a hash for each run of 13 words, or one for the whole of a shorter text;
    equal runs have equal hashes within a process.
    """
    yield from map(hash, _runs(text))


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    if len(words) <= RUN:
        yield tuple(words)
    for i in range(len(words) - RUN + 1 if len(words) > RUN else 0):
        yield tuple(words[i : i + RUN])


def _telling_runs(question: str) -> set[int]:
    """Return the runs of a test question without those that ask for any fraction, unless it has no others."""
    return {hash(run) for run in _runs(question) if _STOCK not in " ".join(run)} or set(
        runs_of_words(question)
    )


def question_hash(text: str) -> int:
    """Return a hash of a generated question, the same on any machine: spaces and case apart, all signs count,
    since some questions are made of them.
    """
    return digest(" ".join(text.lower().split())) >> (64 - 8 * _BYTES)


@dataclass(frozen=True)
class Generated:
    """The questions of the generated sets: which task asks that of a hash, how many each has, how those of
    many lines begin and how long they are.
    """

    tasks: dict[int, str]
    questions: dict[str, int]
    first_lines: frozenset[int]
    most_lines: int

    def parts(self, text: str) -> Iterator[int]:
        """Yield the hashes of a text and of all lines of it that may be a question, so that what stands
        before or after does not hide one.
        """
        yield question_hash(text)
        lines = _lines(text)
        for start, line in enumerate(lines):
            yield (first := question_hash(line))
            if first in self.first_lines:
                yield from (
                    question_hash(" ".join(lines[start:end]))
                    for end in range(start + 2, min(len(lines), start + self.most_lines) + 1)
                )


def generated_questions() -> bytes:
    """Return the content of the file: a line of JSON with all but the hashes,
    then the hashes of the questions of each task.
    """
    asked = {
        f"style_{name}": [one.question for one in evaluation_problems(name)]
        for name, one in EVALUATION_SETS.items()
        if one.levels
    }
    questions = [question for each in asked.values() for question in each]
    many = [lines for question in questions if len(lines := _lines(question)) > 1]
    heading = {
        "questions": {task: len(each) for task, each in asked.items()},
        "first_lines": sorted({question_hash(lines[0]) for lines in many}),
        "most_lines": max(map(len, many)),
    }
    return (
        json.dumps(heading).encode()
        + b"\n"
        + b"".join(question_hash(question).to_bytes(_BYTES, "big") for question in questions)
    )


@cache
def load_generated() -> Generated:
    """Read the file of generated questions."""
    heading, _, hashes = GENERATED.read_bytes().partition(b"\n")
    about = json.loads(heading)
    names = [task for task, n in about["questions"].items() for _ in range(n)]
    # A question of two tasks counts for the first of them.
    tasks = {
        int.from_bytes(hashes[_BYTES * i : _BYTES * (i + 1)], "big"): names[i]
        for i in reversed(range(len(names)))
    }
    return Generated(tasks, about["questions"], frozenset(about["first_lines"]), about["most_lines"])


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


if __name__ == "__main__":
    GENERATED.write_bytes(generated_questions())
