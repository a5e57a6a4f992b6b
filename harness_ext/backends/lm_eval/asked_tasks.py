"""Finds the tasks an evaluation is asked for: ours, lm_eval's own, or a user's."""

import argparse
import functools
from pathlib import Path
from typing import Any, NamedTuple

from harness_ext.backends.lm_eval.checks import check_tasks, no_task
from harness_ext.scoring.task_code import tell_code
from harness_ext.scoring.task_folder import tasks_named, tasks_path
from synth.errors import StylerepError


class AskedTasks(NamedTuple):
    """What is asked for: the `words` of ``--tasks``, which of our tasks that is, whether there are `others`,
    and what stands for lm_eval's TaskManager.
    """

    words: list[str]
    ours: list[str]
    others: bool
    manager: Any


def choose_tasks(args: argparse.Namespace) -> AskedTasks:
    """Return which tasks are asked for; lm_eval's 14,000 built-in ones are only looked through where one of
    them may be meant.
    """
    theirs = getattr(args, "include_path", None)
    args.include_path = [str(tasks_path()), str(theirs)] if theirs else str(tasks_path())
    wanted = [name for item in args.tasks or [] for name in item.split(",") if name]
    if not wanted:
        raise StylerepError("Say which tasks to run, for example --tasks 'style_*'.")
    names = [name for name in wanted if not name.endswith(".yaml")]
    tasks = tasks_named(names)
    if tasks and getattr(args, "num_fewshot", None):
        raise StylerepError(
            "The tasks of stylerep ask without examples, as adapters are trained; leave --num_fewshot out."
        )
    check_tasks(names, Path(theirs) if theirs else None)
    tell_code(wanted, Path(theirs) if theirs else None)

    from lm_eval.tasks import TaskManager  # takes a second to import

    lean = functools.partial(TaskManager, include_defaults=False)
    ours = lean(include_path=args.include_path)
    missing = [name for name in names if not ours.match_tasks([name])]
    others = (
        bool(missing)
        or len(names) < len(wanted)
        or any(not tasks_named([name]) for name in ours.match_tasks(names))
    )
    if not missing:
        return AskedTasks(wanted, tasks, others, lean)
    everything = TaskManager(include_path=args.include_path)
    for name in missing:
        if not everything.match_tasks([name]) and not Path(name).is_dir():
            raise no_task(name, [*ours.all_tasks, *everything.all_tasks])
    return AskedTasks(wanted, tasks, others, TaskManager)
