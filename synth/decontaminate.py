"""Keeps out of training what stands in a test: problems that share a run of words with a question of a ``style_*`` task.

Two questions share a run if they have 13 words in a row in common (Brown et al. 2020, arXiv:2005.14165, appendix C), case and
punctuation apart; a shorter question is compared as a whole. Questions that one source generates share many runs, being
told in the same words; they are kept apart by construction (`synth.problems.splits`), so there a shared run is counted and only the same question dropped.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from synth.errors import StylerepError
from synth.problems import SOURCES, Problem, iter_problems
from synth.problems.local_files import VARIABLE, benchmark_file

RUN = 13
TASKS: dict[str, tuple[str, int | None]] = {"style_arith": ("arith:test", 2000), "style_gsm8k": ("gsm8k:test", None)}
"""The problems that each task asks: their source, and how many of it where it has no end."""
_FILES = {"style_gsm8k": "gsm8k_test.jsonl"}
_WORD = re.compile(r"\w+")
_NAMED = 100


@dataclass
class Decontamination:
    """Test questions to hold problems against, and what came of it.

    `runs` has for each task the hashes of its runs of words, `whole` those of its questions, `missing` the tasks whose questions cannot be read here, and why.
    """

    runs: dict[str, frozenset[int]]
    whole: dict[str, frozenset[int]]
    questions: dict[str, int]
    missing: dict[str, str]
    sharing: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    dropped_ids: list[str] = field(default_factory=list)

    def clean(self, problem: Problem) -> bool:
        """Say whether a problem may be used; count it where it shares a run with a test question, and where it is dropped."""
        return self.clean_text(problem.question, problem.id, problem.source)

    def clean_text(self, question: str, identifier: str, source: str = "") -> bool:
        """Say the same of a question by itself, of a source if it has one."""
        own = list(runs_of_words(question))
        drop = False
        for task, runs in self.runs.items():
            if runs.isdisjoint(own):
                continue
            self.sharing[task] += 1
            if source not in SOURCES or not SOURCES[source].endless or not TASKS[task][0].startswith(f"{source}:") or whole_text(question) in self.whole[task]:
                self.dropped[task] += 1
                drop = True
        if drop and len(self.dropped_ids) < _NAMED:
            self.dropped_ids.append(identifier)
        return not drop

    def report(self) -> dict[str, Any]:
        """Return what the manifest says: for each task its questions, how many problems share a run with them, and the dropped ones."""
        return {
            "words_in_a_row": RUN,
            "tasks": {task: {"questions": self.questions[task], "sharing": self.sharing[task], "dropped": self.dropped[task]} for task in self.runs},
            "not_checked": self.missing,
            "dropped_ids": self.dropped_ids,
        }


def load_decontamination() -> Decontamination:
    """Read the questions of all tasks; a task whose questions are not on this machine is noted, with the reason, and nothing is downloaded for it."""
    check = Decontamination({}, {}, {}, {})
    for task, (spec, n) in TASKS.items():
        try:
            if (file := _FILES.get(task)) and benchmark_file(file) is None:
                raise StylerepError(f"There is no {file} here: put it into a folder and name that in the environment variable {VARIABLE}.")
            asked = [problem.question for problem in iter_problems(spec, n)]
        except StylerepError as error:
            check.missing[task] = str(error)
            continue
        check.runs[task] = frozenset(run for question in asked for run in runs_of_words(question))
        check.whole[task] = frozenset(map(whole_text, asked))
        check.questions[task] = len(asked)
    return check


def runs_of_words(text: str) -> Iterator[int]:
    """Yield a hash for each run of 13 words, or one for the whole of a shorter text; equal runs have equal hashes within a process."""
    words = _WORD.findall(text.lower())
    if len(words) <= RUN:
        yield hash(tuple(words))
    for i in range(len(words) - RUN + 1 if len(words) > RUN else 0):
        yield hash(tuple(words[i : i + RUN]))


def whole_text(text: str) -> int:
    """Return a hash of all words of a text."""
    return hash(tuple(_WORD.findall(text.lower())))
