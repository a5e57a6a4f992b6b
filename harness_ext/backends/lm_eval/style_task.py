"""Builds a task from our task file, or leaves it out if its problems can't be had and only a pattern asked
for it.

lm_eval resolves ``--tasks 'style_*'`` before any of our code runs, and has no task without documents. It does
have groups without tasks, so that is what stands for a task that is left out: it is named in the results,
with the words "left out" where a score would be.

Written against lm_eval 0.4.13 and the branch of 0.5. What it relies on: ``class:`` in a task file is called
with ``config``; ``Run._execute(args)`` with ``args.tasks`` and ``args.config`` as the user gave them;
``TaskFactory._build_group_members``; ``Group.aggregate``. Where these change, nothing is left out any more,
and a missing data set is an error however it was asked for (`distill.models.library_hooks.TASKS`).
"""

import sys
from collections.abc import Mapping
from typing import Any

from lm_eval.api.group import Group

from harness_ext.scoring.registration import GENERATES, for_generating, scores_repeats
from harness_ext.scoring.task_folder import asked_by_pattern, say_left_out
from synth.errors import MissingDataError

LEFT_OUT = "left_out,none"
"""What stands in the results of a task that is left out, in place of scores; ``none`` is the filter,
as of every score.
"""


class LeftOut(Group):  # type: ignore[misc]  # lm_eval has no types
    """A task that is left out: a group without tasks, whose one result says so."""

    def aggregate(self, task_metrics: Mapping[str, Mapping[str, Any]]) -> Any:
        """Return what the results say of it; raise MissingDataError if no other task has been measured."""
        if not any("sample_len" in metrics for metrics in task_metrics.values()):
            raise MissingDataError(
                "Nothing was measured: every task that was asked for is left out, for the reasons above."
            )
        return {"alias": self.name, "name": self.name, LEFT_OUT: "no problems here"}


class StyleTask:
    """Builds a task from its file.

    Raises MissingDataError, as any caller of lm_eval's functions gets it, where the problems cannot be had;
    under lm_eval's command line, a task for which only a pattern such as ``style_*`` asks is told on stderr
    and `LeftOut`. A group's score is the mean over its tasks, so none of those is ever left out.
    """

    def __new__(cls, config: dict[str, Any]) -> Any:
        """Return lm_eval's own task, or `LeftOut`."""
        from lm_eval.api.task import ConfigurableTask

        given = {name: value for name, value in config.items() if name != "class"}
        if given.get("output_type") == GENERATES and given.get("metric_list"):
            from harness_ext.scoring.metrics import score_by_reference

            given["metric_list"] = for_generating(given["metric_list"], score_by_reference)
        # from 0.5 on the class is that of the output type
        build = getattr(ConfigurableTask, "from_config", None) if scores_repeats() else None
        try:
            return build(given) if build else ConfigurableTask(config=given)
        except MissingDataError as error:
            name = str(config["task"])
            if not asked_by_pattern(name, _asked()):
                raise
            say_left_out(name, str(error))
            return LeftOut(name)

    def __init__(self, config: dict[str, Any]) -> None:
        """Show lm_eval, which looks here, that a configuration is taken;
        what `__new__` returns has been initialised.
        """


def _asked() -> list[str]:
    """Return what the user wrote for ``--tasks``; nothing where lm_eval's command line does not run, and for
    a task that is built as part of a group.

    lm_eval hands neither to a task, so they are read where they stand: in the calls that led here.
    """
    if not _builds_groups():
        return []  # a group might be scored without the tasks that are left out
    frame = sys._getframe()
    while caller := frame.f_back:
        frame = caller
        if frame.f_code.co_name == "_build_group_members":
            return []
        if (frame.f_globals.get("__name__"), frame.f_code.co_name) == ("lm_eval._cli.run", "_execute"):
            args = frame.f_locals["args"]
            tasks = getattr(args, "tasks", None) or _tasks_of_file(getattr(args, "config", None))
            return [
                word
                for text in ([tasks] if isinstance(tasks, str) else tasks)
                for word in str(text).split(",")
            ]
    return []


def _builds_groups() -> bool:
    """Say whether lm_eval still builds groups by the call by which `_asked` knows that a task is a
    group's.
    """
    from lm_eval import tasks

    return hasattr(getattr(getattr(tasks, "_factory", None), "TaskFactory", None), "_build_group_members")


def _tasks_of_file(path: str | None) -> Any:
    from lm_eval.config.evaluate_config import EvaluatorConfig

    return (EvaluatorConfig.load_yaml_config(path).get("tasks") if path else None) or []
