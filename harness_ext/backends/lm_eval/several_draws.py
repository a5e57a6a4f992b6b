"""Has lm_eval score every response of a task that asks for several to each item (``repeats``), where its
filters hand on the first alone.

Written against lm_eval 0.4.13. What it relies on: ``simple_evaluate`` calls ``evaluate`` of its own module
with ``lm`` and ``task_dict``, which builds requests by ``task.config.repeats``, has ``lm.generate_until``
answer each request so many times, one after the other, and scores by ``task._filters``,
``task.process_results`` and ``task.aggregation``.
"""

import contextlib
import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from unittest.mock import patch

from distill.models.library_hooks import REPEATS, not_taken
from harness_ext.runs.accuracy import DRAWS
from harness_ext.scoring.at_k import sizes
from harness_ext.scoring.draws import scores_of_draws, vote_of
from harness_ext.scoring.task_folder import output_type, said_of_task
from synth.errors import StylerepError
from synth.seeding import digest

_GENERATES = "generate_until"
_NO_ANSWER = "[invalid]"
"""What lm_eval's filters hand on where they find no answer."""


class Draws(list[Any]):
    """What a filter takes from each response to one request; `votes` are the answers that they state, None
    where the filter hands on responses as they are.
    """

    votes: list[str | None] | None = None


def check_repeats(tasks: Sequence[str], repeats: int | None, given: Mapping[str, Any]) -> None:
    """Raise StylerepError, before anything is loaded, where one of our tasks is to be asked several times and
    decoding is greedy; *given* is what ``--gen_kwargs`` says.
    """
    for task in tasks:
        if output_type(task) == _GENERATES:
            asked = repeats or said_of_task(task, "repeats") or 1
            _check_sampled(task, asked, {**(said_of_task(task, "generation_kwargs") or {}), **given})


@contextlib.contextmanager
def every_draw_scored(repeats: int | None) -> Iterator[None]:
    """Have the evaluation within ask generating tasks *repeats* times, or as often as they say, and score
    every response: `harness_ext.scoring.draws`.

    Tasks whose own filters take several responses (``take_first_k``, ``majority_vote``) are scored by those.
    Raises StylerepError, within, for such a task where *repeats* is given, where decoding is greedy, and if
    lm_eval passes us by.
    """
    from lm_eval import evaluator

    evaluate, called = evaluator.evaluate, False

    def evaluated(*, lm: Any, task_dict: Any, **options: Any) -> Any:
        nonlocal called
        called = True
        if "tasks" not in task_dict:
            raise not_taken(REPEATS, evaluate, "its task_dict has no tasks")
        several = [_prepared(name, task, repeats) for name, task in task_dict["tasks"].items()]
        if any(several):
            _check_cache(lm)
        with _seeds(lm) if any(several) else contextlib.nullcontext():
            return evaluate(lm=lm, task_dict=task_dict, **options)

    with patch.object(evaluator, "evaluate", evaluated):
        yield
    if not called:
        raise not_taken(REPEATS, evaluator.simple_evaluate, "simple_evaluate did not call evaluate")


def _prepared(name: str, task: Any, repeats: int | None) -> bool:
    """Have a task ask and score several draws; say whether it does."""
    if getattr(task, "OUTPUT_TYPE", None) != _GENERATES:
        return False
    asked = int(repeats or task.config.repeats or 1)
    _check_sampled(name, asked, task.config.generation_kwargs or {})
    if any(_takes_several(one) for one in task._filters):
        if repeats is not None:
            raise StylerepError(
                f"--repeats {repeats}: {name} makes one answer of its {task.config.repeats} responses by its"
                " own filters; leave --repeats out."
            )
        return asked > 1
    task.config.repeats = asked
    if asked == 1:
        return False
    task._filters = [_EachDraw(one, asked) for one in task._filters]
    own, aggregated, better = task.process_results, task.aggregation, task.higher_is_better
    ours = _is_ours(task)

    def process_results(doc: Any, results: Sequence[Any]) -> dict[str, Any]:
        if len(results) != 1 or not isinstance(results[0], Draws):
            raise not_taken(REPEATS, type(task), f"{name} was scored without its {asked} responses")
        (draws,) = results
        votes = [vote_of(str(one or ""), doc["answer_type"]) for one in draws] if ours else draws.votes
        return scores_of_draws([own(doc, [one]) for one in draws], votes)

    def aggregation() -> dict[str, Any]:
        from lm_eval.api.metrics import mean  # of which lm_eval knows the standard error

        return {**dict.fromkeys(_names(asked), mean), **aggregated()}

    def higher_is_better() -> dict[str, bool]:
        return {**dict.fromkeys(_names(asked), True), **better()}

    task.process_results, task.aggregation, task.higher_is_better = (
        process_results,
        aggregation,
        higher_is_better,
    )
    return True


class _EachDraw:
    """A filter of lm_eval's, applied to each draw by itself."""

    def __init__(self, one: Any, draws: int) -> None:
        self.name, self._one, self._draws = one.name, one, draws
        self._extracts = any("regex" in _class_of(part).__name__.lower() for part in one.filters)

    def apply(self, instances: Sequence[Any]) -> None:
        found: list[list[Any]] = []
        for place in range(self._draws):
            copies = []
            for one in instances:
                if len(one.resps) != self._draws:
                    raise not_taken(
                        REPEATS,
                        type(one),
                        f"a request has {len(one.resps)} responses in place of {self._draws} (is it kept by"
                        " --cache_requests?)",
                    )
                copies.append(copy.copy(one))
                copies[-1].resps, copies[-1].filtered_resps = [one.resps[place]], {}
            self._one.apply(copies)
            found.append([one.filtered_resps[self.name] for one in copies])
        for number, one in enumerate(instances):
            draws = Draws(column[number] for column in found)
            if self._extracts:
                said = [str(_first(draw)).strip() for draw in draws]
                draws.votes = [None if text in ("", _NO_ANSWER) else text for text in said]
            one.filtered_resps[self.name] = draws


@contextlib.contextmanager
def _seeds(lm: Any) -> Iterator[None]:
    """Give each draw of a request a seed of its own where the model takes one with each request, and would
    else give every draw the same.
    """
    from harness_ext.backends.lm_eval.response_cache import without_cache
    from harness_ext.backends.lm_eval.sampling import takes_seed

    model = without_cache(lm)
    if not takes_seed(model):
        yield
        return
    generate, base = lm.generate_until, getattr(model, "_seed", 0)

    def generate_until(requests: Sequence[Any], *args: Any, **options: Any) -> Any:
        seen, seeded = Counter[int](), []
        for one in requests:
            context, settings = one.arguments
            seeded.append(copy.copy(one))
            seed = digest("draw", settings.get("seed", base), seen[id(one)]) % 2**31
            seeded[-1].arguments = (context, {**settings, "seed": seed} if one.repeats > 1 else settings)
            seen[id(one)] += 1
        return generate(seeded, *args, **options)

    with patch.object(lm, _GENERATES, generate_until, create=True):
        yield


def _check_cache(lm: Any) -> None:
    """Refuse a cache of responses around a model whose draws are asked for in the same words: it would give
    the last of them for each.
    """
    from harness_ext.backends.lm_eval.response_cache import without_cache
    from harness_ext.backends.lm_eval.sampling import takes_seed

    model = without_cache(lm)
    if model is not lm and not takes_seed(model):
        raise StylerepError(
            "--use_cache keeps one response to a prompt, and this model is to be asked several times; leave"
            " it out."
        )


def _check_sampled(task: str, repeats: int, settings: Mapping[str, Any]) -> None:
    if repeats < 2:
        return
    try:
        temperature = float(settings.get("temperature") or 0)
    except (TypeError, ValueError):
        temperature = 0.0
    if not temperature > 0 or settings.get("do_sample") is False:
        raise StylerepError(
            f"{task} is to be asked {repeats} times, and greedy decoding would give {repeats} equal"
            " responses; sample, as with --gen_kwargs do_sample=true,temperature=0.7."
        )


def _takes_several(ensemble: Any) -> bool:
    from lm_eval.filters.selection import MajorityVoteFilter, TakeKFilter

    return any(_class_of(part) in (MajorityVoteFilter, TakeKFilter) for part in ensemble.filters)


def _class_of(part: Any) -> Any:
    return getattr(part, "func", part)


def _is_ours(task: Any) -> bool:
    from harness_ext.scoring.metrics import process_results

    return task.config.process_results is process_results


def _names(draws: int) -> list[str]:
    return [DRAWS, *(f"{figure}@{k}" for figure in ("pass", "maj") for k in sizes(draws))]


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
