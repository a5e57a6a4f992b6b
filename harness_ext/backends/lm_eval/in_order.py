"""Has lm_eval ask the items of an evaluation in the order of a hash, look at their scores as they come, and
stop once all is settled.

Written against lm_eval 0.4.13. What it relies on: ``simple_evaluate`` calls ``evaluate`` of its own module
with ``lm`` and ``task_dict``, which calls ``lm.generate_until`` with the requests of all tasks, and only then
scores each document of ``task.doc_iterator`` by ``task.process_results``.
"""

import contextlib
import copy
import functools
import inspect
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from distill.models.library_hooks import STOPPING, not_taken
from harness_ext.compare.pairing import Key
from harness_ext.compare.settling import Baseline, InOrder, Settling, StoppingRule
from harness_ext.compare.settling_claims import SettlingClaims, claimed_partners
from harness_ext.runs.item_order import Item
from harness_ext.runs.sample_rows import metrics_of, sample_rows
from harness_ext.runs.scores_file import ScoresFile
from harness_ext.scoring.task_folder import output_type
from synth.errors import StylerepError
from synth.progress import stage
from synth.responses.samples_file import samples_name

_GENERATES = "generate_until"


def asked_in_order(
    rule: StoppingRule | None, tasks: Sequence[str], folder: Path, arm: Callable[[], str] = str
) -> contextlib.AbstractContextManager[list[InOrder]]:
    """Have the evaluation within ask items in order, and with a *rule* end once it is settled; what came of
    it is in the list that is given. *arm* is asked for its name when items are.

    Raises StylerepError at once where the baseline lacks one of *tasks*, which are ours, or one asks for
    likelihoods; and within for such tasks of others, for several processes, and if lm_eval passes us by.
    """
    for task in tasks:
        _check_type(task, output_type(task))
    if rule is None:
        return _evaluating(InOrder, folder)
    baselines = []
    for against in rule.all_against:
        if against.resolve() == folder.resolve():
            raise StylerepError(f"--against {against}: this is the run that is to be made; name another one.")
        baselines.append(Baseline(against))
        for task in tasks:
            baselines[-1].keys(task)
    claims = rule.claims
    if claims is None:
        return _evaluating(functools.partial(Settling, rule, baselines[0]), folder)

    def begin(asked: list[Item]) -> InOrder:
        if len(baselines) == 1 and baselines[0].arm not in claimed_partners(claims, arm()):
            return Settling(rule, baselines[0], asked)
        return SettlingClaims(rule, baselines, claims, arm(), asked)

    return _evaluating(begin, folder)


@contextlib.contextmanager
def _evaluating(begin: Callable[[list[Item]], InOrder], folder: Path) -> Iterator[list[InOrder]]:
    found: list[InOrder] = []
    from lm_eval import evaluator

    evaluate = evaluator.evaluate

    def evaluated(*, lm: Any, task_dict: Any, **options: Any) -> Any:
        if "tasks" not in task_dict:
            raise not_taken(STOPPING, evaluate, "its task_dict has no tasks")
        tasks = dict(task_dict["tasks"])
        _check(lm, tasks)
        asking = _Asking(begin, folder, tasks, lm.generate_until)
        with patch.object(lm, _GENERATES, asking.generate_until, create=True):
            results = evaluate(lm=lm, task_dict=task_dict, **options)
        if asking.items is None:
            raise not_taken(STOPPING, evaluate, f"evaluate did not call {_GENERATES}")
        for task, done in asking.items.done.items():
            results["n-samples"][task]["effective"] = len(done)
        found.append(asking.items)
        return results

    with patch.object(evaluator, "evaluate", evaluated):
        yield found
    if not found:
        raise not_taken(STOPPING, evaluator.simple_evaluate, "simple_evaluate did not call evaluate")


def _check(lm: Any, tasks: Mapping[str, Any]) -> None:
    if getattr(lm, "world_size", 1) > 1:
        raise StylerepError(
            "--until-settled and --in-order ask all items in one order, and several processes have one each;"
            " evaluate in one."
        )
    for name, task in tasks.items():
        _check_type(name, getattr(task, "OUTPUT_TYPE", None))


def _check_type(task: str, asks_for: str | None) -> None:
    if asks_for != _GENERATES:
        raise StylerepError(
            f"--until-settled and --in-order go with tasks whose responses are generated, and {task} asks for"
            " likelihoods; leave it out."
        )


class _Asking:
    """Asks requests in batches, scores each batch, and takes what is not asked out of the tasks."""

    def __init__(
        self,
        begin: Callable[[list[Item]], InOrder],
        folder: Path,
        tasks: Mapping[str, Any],
        generate: Callable[..., list[str]],
    ) -> None:
        self._begin, self._folder, self._tasks, self._generate = begin, folder, tasks, generate
        self.items: InOrder | None = None
        quiet = "disable_tqdm" in inspect.signature(generate).parameters
        self._options: dict[str, Any] = {"disable_tqdm": True} if quiet else {}

    def generate_until(self, requests: Sequence[Any], *_: Any, **__: Any) -> list[str]:
        """Return the responses to requests, empty for those that are not asked."""
        by_item: dict[Item, list[int]] = defaultdict(list)
        hashes: dict[int, str] = {}
        for place, request in enumerate(requests):
            if id(request.doc) not in hashes:
                hashes[id(request.doc)] = _doc_hash(request.doc)
            by_item[request.task_name, hashes[id(request.doc)]].append(place)
        self.items = settling = self._begin(list(by_item))
        texts = [""] * len(requests)
        scores = ScoresFile(self._folder, settling.header)
        with contextlib.closing(scores), stage("asking the model", len(by_item), "items at most") as at:
            while items := settling.next_items():
                places = [place for item in items for place in by_item[item]]
                answers = self._generate([requests[place] for place in places], **self._options)
                at.advance(len(items))
                for place, answer in zip(places, answers, strict=True):
                    texts[place] = answer
                metrics: dict[Key, dict[str, dict[str, float]]] = defaultdict(dict)
                for item in items:
                    for key, found in self._scored(item, by_item[item], requests, texts):
                        metrics[key][item[1]] = found
                        scores.add(*key, item[1], found)
                settling.see(items, metrics)
                for line in settling.progress():
                    print(f"stylerep: {line}", file=sys.stderr, flush=True)
        asked: dict[str, set[int]] = {name: set() for name in self._tasks}
        for task, done in settling.done.items():
            asked[task] = {requests[place].doc_id for item in done for place in by_item[task, item]}
        for name, task in self._tasks.items():
            _keep(task, asked[name])
        return texts

    def _scored(
        self, item: Item, places: Sequence[int], requests: Sequence[Any], texts: Sequence[str]
    ) -> Iterator[tuple[Key, dict[str, float]]]:
        """Yield the metrics of an item by each filter, as lm_eval will compute them."""
        task = self._tasks[item[0]]
        copies: dict[int, Any] = {}
        for place in places:
            request = requests[place]
            if id(request) not in copies:
                copies[id(request)] = copy.copy(request)
                copies[id(request)].resps, copies[id(request)].filtered_resps = [], {}
            copies[id(request)].resps.append(texts[place])
        asked = sorted(copies.values(), key=lambda one: int(one.idx))
        for one in getattr(task, "_filters", ()):
            one.apply(asked)
        for name in asked[0].filtered_resps:
            scores = task.process_results(asked[0].doc, [one.filtered_resps[name] for one in asked])
            yield (
                (item[0], name),
                metrics_of({"filter": name, **scores}, f"{item[0]}, item {item[1][:12]}"),
            )


def _keep(task: Any, documents: set[int]) -> None:
    """Take the documents with other numbers out of a task: they are neither scored nor logged."""
    every = task.doc_iterator

    @functools.wraps(every)
    def kept(**options: Any) -> Iterator[tuple[int, Any]]:
        return ((number, doc) for number, doc in every(**options) if number in documents)

    task.doc_iterator = kept
    task._instances = [one for one in task.instances if one.doc_id in documents]


def _doc_hash(doc: Any) -> str:
    """Return the hash of a document that lm_eval logs."""
    from lm_eval.utils import handle_non_serializable, hash_string

    text = json.dumps(doc, indent=2, default=handle_non_serializable, ensure_ascii=False)
    return str(hash_string(text))


def check_asked(new: Sequence[Path], settled: Sequence[InOrder]) -> None:
    """Raise StylerepError unless the samples that were saved are those of the items that were asked."""
    for settling in settled:
        for path in new:
            name = samples_name(path.name)
            if name is None or name.task not in settling.done:
                continue
            saved = {str(row["doc_hash"]) for _, row in sample_rows(path)}
            if saved != set(settling.done[name.task]):
                raise not_taken(
                    STOPPING,
                    "lm_eval",
                    f"{path.name} holds {len(saved)} items, and {len(settling.done[name.task])} were asked",
                )
