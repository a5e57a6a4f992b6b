"""Documents of the tasks, called by lm_eval with a task's metadata, ``--metadata`` and all model arguments.

A document holds what identifies the item and nothing that differs between runs, since runs are paired by the
hash of their documents. What ``--metadata`` may say (names that no model argument has):

| key | meaning |
|---|---|
| ``items`` | how many documents, in place of the task's own number |
| ``item_seed`` | another seed draws other items of a generated set |
| ``data_dir`` | folder with the file of a published set |
| ``plain_arm`` | for `preference_documents`: what counts as plain (``sbs``, ``hc_len`` or ``hc_np``) |
| ``trace_words``, ``pivot_density`` | likewise: mean words of a styled trace, and its pivots per 100 words |
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, overload

from pydantic import BeforeValidator, ConfigDict, Field

from harness_ext.scoring.task_folder import asked_by_pattern, say_left_out, task_config
from synth.errors import MissingDataError, StylerepError
from synth.evaluation_sets import (
    ENDLESS,
    EVALUATION_SETS,
    is_endless,
    iter_evaluation_problems,
    iter_problems_of,
)
from synth.problems import Problem, prompt
from synth.schema import Line, Schema, Whole, read_as
from synth.traces.arms import parse_arms
from synth.traces.rendering import Rendering
from synth.traces.trace import final_sentence
from synth.traces.writing.phrasebook import load_phrasebook
from synth.traces.writing.target import style_target

Document = dict[str, Any]
PLAIN_ARMS = ("sbs", "hc_len", "hc_np")
CHOICES = ("right styled", "right plain", "wrong styled", "wrong plain")
"""The responses of a preference document, in their order."""
_KINDS, _DRAWS = 2, 40


def _number(value: object) -> object:
    return (
        int(value)
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20
        else value
    )


class TaskMetadata(Schema):
    """What is read of the metadata of a task, among which lm_eval puts all arguments of the model."""

    model_config = ConfigDict(extra="ignore")
    items: Annotated[int, Field(ge=1, lt=2**63), BeforeValidator(_number)] | None = None
    item_seed: Annotated[Whole, BeforeValidator(_number)] = 0
    data_dir: Line | None = None
    evaluation_set: Line | None = None
    problems: Line | None = None
    trace_words: float | None = None
    pivot_density: float | None = None


class Documents(Sequence[Document]):
    """Documents that are made when they are asked for, in their order,
    so that a run with ``--limit`` does not wait for 2,000.

    `features` are the names of a document's fields, as `datasets.Dataset` has them.
    """

    def __init__(self, n: int, make: Iterator[Document]) -> None:
        self._n, self._source, self._made = n, make, list(itertools.islice(make, 1))
        self.features = dict.fromkeys(self._made[0])

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> list[Document]: ...
    def __getitem__(self, index: int | slice) -> Document | list[Document]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._n))]
        index += self._n if index < 0 else 0
        if not 0 <= index < self._n:
            raise IndexError(index)
        self._made += itertools.islice(self._source, max(0, index + 1 - len(self._made)))
        return self._made[index]


def documents(**metadata: Any) -> dict[str, Documents]:
    """Return the documents of a task that generates; its metadata names an ``evaluation_set`` or any
    ``problems`` (see `synth.problems`).
    """
    return _test_split(metadata, lambda problems: map(_document, problems))


def task_documents(task: str) -> Iterator[tuple[str, Document]]:
    """Yield the documents of one of our tasks that generate, as lm_eval gets them,
    each after its question alone.

    Raises StylerepError for a task of ours that generates nothing, and where its problems cannot be had.
    """
    config = task_config(task)
    if str(config.get("include")).endswith("_prefer.yaml"):
        raise StylerepError(f"{task}: this task compares likelihoods, so there are no responses to it.")
    for problem in _problems(config["metadata"])[1]:
        yield problem.question, _document(problem)


def document_hash(document: Mapping[str, Any]) -> str:
    """Return the ``doc_hash`` that lm_eval gives a document."""
    text = json.dumps(document, indent=2, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def preference_documents(**metadata: Any) -> dict[str, Documents]:
    """Return documents that hold four responses to each problem: a right or a wrong conclusion,
    styled or plain (see `CHOICES`).

    Styled is the arm ``hc``, drawn anew until it has pivots of two kinds. The plain response with a right
    conclusion and the one with a wrong conclusion have the same body to the letter,
    and so have the styled ones.
    """
    plain = str(metadata.get("plain_arm", PLAIN_ARMS[0]))
    if plain not in PLAIN_ARMS:
        raise StylerepError(f"plain_arm: {plain!r} is no plain arm; choose from {', '.join(PLAIN_ARMS)}.")
    read = read_as(TaskMetadata, dict(metadata), "metadata")
    dials = {
        name: value for name in ("trace_words", "pivot_density") if (value := getattr(read, name)) is not None
    }
    arms = ("hc", plain, "hc_w", f"{plain}_w")
    book, style = load_phrasebook("en"), style_target(dials=dials)
    renderings = [Rendering(parse_arms(arms), book, style, seed) for seed in range(_DRAWS)]

    def made(problems: Iterator[Problem]) -> Iterator[Document]:
        for problem in problems:
            drawn = (next(rendering.rows([problem])) for rendering in renderings)
            rows = next(
                (rows for rows in drawn if len({pivot["kind"] for pivot in rows["hc"].pivots}) >= _KINDS),
                None,
            )
            if rows is None:
                raise StylerepError(
                    f"{problem.id}: {_DRAWS} draws gave no styled response with pivots of {_KINDS} kinds;"
                    " raise trace_words or pivot_density."
                )
            choices = [f"{rows[arm].trace}\n\n{final_sentence(rows[arm].stated_answer)}" for arm in arms]
            yield {
                "id": problem.id,
                "prompt": _prompt(problem),
                "choices": choices,
                "gold": 0,
                "level": problem.meta.get("level", ""),
            }

    return _test_split(metadata, made)


def check_documents(
    tasks: Sequence[str], metadata: Mapping[str, Any], words: Sequence[str] = ()
) -> list[str]:
    """Return which of our tasks are left out: those whose problems are not here and that *words*, what was
    asked for, name by a pattern only.

    Says of each why. Raises StylerepError naming each other task whose problems cannot be had, and why.
    """
    missing, left_out = {}, []
    for task in tasks:
        try:
            next(_problems({**task_config(task)["metadata"], **metadata})[1])
        except StylerepError as error:
            if isinstance(error, MissingDataError) and asked_by_pattern(task, words):
                say_left_out(task, str(error))
                left_out.append(task)
            else:
                missing[task] = str(error)
    if missing:
        reasons = " ".join(f"{task}: {why}" for task, why in missing.items())
        raise StylerepError(f"{reasons} The tasks of stylebench_offline need no files.")
    return left_out


def _test_split(
    metadata: Mapping[str, Any], make: Callable[[Iterator[Problem]], Iterator[Document]]
) -> dict[str, Documents]:
    n, problems = _problems(metadata)
    return {"test": Documents(n, make(problems))}


def _problems(metadata: Mapping[str, Any]) -> tuple[int, Iterator[Problem]]:
    """Return how many problems a task has, and the problems,
    drawn when they are asked for if they are generated.
    """
    read = read_as(TaskMetadata, dict(metadata), "metadata")
    n, seed, folder = read.items, read.item_seed, read.data_dir
    if name := read.evaluation_set:
        problems = iter_evaluation_problems(name, n, seed, folder)
        spec = EVALUATION_SETS[name].spec
    elif read.problems is not None:
        spec = read.problems
        problems = iter_problems_of(spec, n, seed, folder)
    else:
        raise StylerepError("The metadata of a task must name an evaluation_set or problems.")
    if is_endless(spec):
        return n or ENDLESS, problems
    listed = list(problems)
    return len(listed), iter(listed)


def _document(problem: Problem) -> Document:
    return {
        "id": problem.id,
        "prompt": _prompt(problem),
        "answer": problem.answer,
        "answer_type": problem.answer_type,
        "level": problem.meta.get("level", ""),
        "meta": json.dumps(dict(problem.meta), ensure_ascii=False),
    }


def _prompt(problem: Problem) -> str:
    return prompt(problem.question, problem.answer_type)
