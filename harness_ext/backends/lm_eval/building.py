"""Builds tasks as lm_eval does, to look at their documents and score responses without a model.

Written against lm_eval 0.4.13. What it relies on: ``TaskManager.load``, and ``eval_docs``,
``fewshot_context``, ``process_results``, ``aggregation`` and ``higher_is_better`` of its tasks.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.errors import StylerepError


class BuiltTask:
    """One task: its name, version, output type and documents; `metrics` says of each whether more is
    better.
    """

    def __init__(self, task: Any) -> None:
        self._task = task
        self.name, self.version, self.output_type = (
            str(task.config.task),
            str(task.VERSION),
            str(task.OUTPUT_TYPE),
        )
        self.documents: Sequence[Mapping[str, Any]] = task.eval_docs
        self.metrics: dict[str, bool] = dict(task.higher_is_better())
        self.averaged = all(function.__name__ == "mean" for function in task.aggregation().values())

    def prompt(self, document: Mapping[str, Any]) -> str:
        """Return what a model is asked, without a chat template."""
        return str(self._task.fewshot_context(document, 0))

    def score(self, document: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float]:
        """Return the scores of a document's results: one response, or a likelihood for each of its
        choices.
        """
        scores: dict[str, float] = self._task.process_results(document, results)
        return scores


def build_task(name: str, folder: Path) -> BuiltTask:
    """Build the task of a name from the task files in a folder; raise StylerepError, in one sentence,
    if lm_eval cannot.
    """
    from lm_eval.tasks import TaskManager

    try:
        (task,) = TaskManager(include_path=str(folder), include_defaults=False).load([name])["tasks"].values()
    except StylerepError:
        raise
    except Exception as error:  # whatever a task file makes lm_eval raise
        raise StylerepError(
            f"lm_eval cannot build {name} from {folder} ({type(error).__name__}:"
            f" {' '.join(str(error).split())})."
        ) from error
    return BuiltTask(task)
