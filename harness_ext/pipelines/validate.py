"""Checks task files: each is built as lm_eval builds it, asked,
and made to score responses whose scores are known.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness_ext.scoring.documents import CHOICES
from harness_ext.scoring.preference import METRICS as PREFERENCE_METRICS
from harness_ext.scoring.scores import METRICS
from harness_ext.scoring.task_folder import task_file, tasks_path
from synth.errors import MissingDataError, StylerepError
from synth.formats import CLOSE, OPEN
from synth.progress import each
from synth.schema import read_regular
from synth.traces.trace import final_sentence

DOCUMENTS = 12
"""How many documents of each task are scored, the first ones: some of every level."""
_COMMAND = re.compile(r"#.*\bstylerep eval .*--tasks (?P<task>\S+)")


@dataclass(frozen=True, slots=True)
class TaskCheck:
    """What came of one task.

    `problems` are sentences on what is wrong, none if all is well; `missing` says why it could not be built
    where its data is not here; `prompt` is what it asks first.
    """

    task: str
    version: str = ""
    items: int = 0
    prompt: str = ""
    problems: tuple[str, ...] = ()
    missing: str = ""


def validate_tasks(names: Sequence[str] = (), folder: Path | None = None) -> Iterator[TaskCheck]:
    """Yield what came of each of the tasks *names* in a folder of task files,
    of all that begin with ``style_`` if none is named.

    A task is built by lm_eval, must say in its first line how it is run and have a version and a line on what
    that changed, and score a right, a wrong, an empty, an unclosed and a tag-free response (or four
    likelihoods) to its first documents as it should. Raises StylerepError for a name that no file has, and
    for a folder without a task file.
    """
    folder = folder or tasks_path()
    if not names and not any(folder.rglob("style_*.yaml")):
        raise StylerepError(f"{folder}: there is no task file here (style_NAME.yaml).")
    found = list(names) or sorted(path.stem for path in folder.rglob("style_*.yaml"))
    for name in each(found, "checking tasks", unit="tasks"):
        yield _check(name, task_file(name, folder), folder)


def _check(name: str, path: Path, folder: Path) -> TaskCheck:
    from harness_ext.backends.lm_eval import build_task

    try:
        text = read_regular(path, "task file").decode("utf-8", "replace")
        problems = list(_file_problems(name, text))
    except StylerepError as error:
        return TaskCheck(name, problems=(str(error),))
    try:
        task = build_task(name, folder)
    except MissingDataError as error:
        return TaskCheck(name, problems=tuple(problems), missing=str(error))
    except StylerepError as error:
        return TaskCheck(name, problems=(*problems, str(error)))
    if f"# Version {task.version.removesuffix('.0')}:" not in text:
        problems.append(
            f"no line says what version {task.version} changed (# Version"
            f" {task.version.removesuffix('.0')}: …)."
        )
    if not task.averaged:
        problems.append("not all of its metrics are aggregated by mean, so some have no standard error.")
    generates = task.output_type == "generate_until"
    absent = [
        metric for metric in (METRICS if generates else PREFERENCE_METRICS) if metric not in task.metrics
    ]
    if absent:
        problems.append(f"its metric_list lacks {', '.join(absent)}.")
    for number in range(min(DOCUMENTS, len(task.documents))):
        document = task.documents[number]
        cases = _responses(document) if generates else _likelihoods(document)
        if not task.prompt(document).strip():
            problems.append(f"document {number}: the prompt is empty.")
        for case, results, expected in cases:
            problems += [
                f"document {number}, {case}: {text}"
                for text in _differences(task.score(document, results), expected, task.metrics)
            ]
        problems += [f"document {number}: {text}" for text in ([] if generates else _wrong_choices(document))]
    return TaskCheck(name, task.version, len(task.documents), task.prompt(task.documents[0]), tuple(problems))


def _file_problems(name: str, text: str) -> Iterator[str]:
    first = text.partition("\n")[0]
    command = _COMMAND.match(first)
    if not command or command["task"] != name:
        yield f"its first line is not the command that runs it (# stylerep eval … --tasks {name} …)."


def _responses(document: Mapping[str, Any]) -> Iterator[tuple[str, list[str], dict[str, float]]]:
    """Yield responses to a document with the scores that they must get."""
    right, wrong = (final_sentence(answer) for answer in (document["answer"], _wrong(document)))
    trace = "Let me think about what is asked. I take it one step at a time."
    yield (
        "right response",
        [f"{OPEN}\n{trace}\n{CLOSE}\n\n{right}"],
        {"acc": 1, "answered": 1, "trace_present": 1, "trace_closed": 1},
    )
    yield (
        "wrong response",
        [f"{OPEN}\n{trace}\n{CLOSE}\n\n{wrong}"],
        {"acc": 0, "answered": 1, "trace_present": 1, "trace_closed": 1},
    )
    yield (
        "empty response",
        [""],
        {
            "acc": 0,
            "answered": 0,
            "trace_present": 0,
            "trace_closed": 0,
            "trace_words": 0,
            "pivot_density": 0,
        },
    )
    yield (
        "unclosed response",
        [f"{OPEN}\n{trace} {right}"],
        {"acc": 0, "answered": 0, "trace_present": 1, "trace_closed": 0},
    )
    yield (
        "tag-free response",
        [f"{trace}\n\n{right}"],
        {"acc": 1, "answered": 1, "trace_present": 0, "trace_closed": 0},
    )


def _wrong(document: Mapping[str, Any]) -> str:
    """Return an answer to a document that is not right."""
    match document["answer_type"]:
        case "number":
            return "1" if document["answer"] != "1" else "2"
        case "option":
            return "B" if document["answer"] == "A" else "A"
        case "expression":
            return "1 + 1"
    return "12345678" if document["answer"] != "12345678" else "0"


def _likelihoods(
    document: Mapping[str, Any],
) -> Iterator[tuple[str, list[tuple[float, bool]], dict[str, float]]]:
    """Yield likelihoods of the four choices, alike for each byte of a kind,
    with the scores that they must get.
    """
    for right, styled in ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)):
        liked = [
            right * (2 if "right" in choice else 0) + styled * (1 if "styled" in choice else 0)
            for choice in CHOICES
        ]
        results = [((value - 9) * 1e6, False) for value in liked]
        wanted = {"acc": right > 0, "style_bias": styled > 0, "style_over_substance": liked[2] > liked[1]}
        yield f"likelihoods {liked}", results, {name: float(value) for name, value in wanted.items()}


def _wrong_choices(document: Mapping[str, Any]) -> Iterator[str]:
    choices = dict(zip(CHOICES, document["choices"], strict=True))
    if len(set(choices.values())) < len(CHOICES):
        yield "two of its four responses are the same."
    for style in ("styled", "plain"):
        bodies = [choices[f"{kind} {style}"].rsplit("\n\n", 2)[0] for kind in ("right", "wrong")]
        if bodies[0] != bodies[1]:
            yield f"the two {style} responses differ before their conclusions."


def _differences(
    scores: Mapping[str, float], expected: Mapping[str, float], metrics: Mapping[str, bool]
) -> Iterator[str]:
    for name in metrics:
        value = scores.get(name)
        if not isinstance(value, float) or math.isnan(value):
            yield f"{name} is {value!r}, no number."
        elif name in expected and value != expected[name]:
            yield f"{name} is {value:g}, not {expected[name]:g}."
