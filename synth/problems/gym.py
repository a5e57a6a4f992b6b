"""Any data set of the reasoning-gym library (Stojanovski et al. 2025, arXiv:2505.24760),
with its own judge of answers.

    gym:chain_sum:split=test:max_terms=3
    State the final answer to the following arithmetic problem: 58 + 7 - 13 =                answer: 52

The library is an extra: ``pip install stylerep[gym]``. Its data sets draw item *i* from ``Random(seed + i)``,
so that near seeds share items; here every item has an index of its own, far from all others, drawn from a
hash of (split, seed, number). Item content for `synth.problems.splits` is the question.
"""

import ast
import functools
import importlib
import json
import os
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from synth.arithmetic import evaluate
from synth.errors import MissingDataError, StylerepError
from synth.problems.problem import Problem
from synth.problems.splits import generate
from synth.schema import parse_yaml, shown

VERSION = 1

# As measured with reasoning-gym 0.1.25 under two hash seeds: these iterate over sets,
# so their items differ between runs.
_NEED_HASH_SEED = frozenset(
    ("isomorphic_strings", "knight_swap", "polynomial_multiplication", "ransom_note", "word_ladder")
)
# Their judges pass a model's answer to eval(), in case it is a Python list.
_EVALUATES_LISTS = frozenset(("binary_matrix", "n_queens", "spiral_matrix", "string_insertion"))
# Theirs pass it to sympy.parse_expr(), which evaluates it too: harmless for the four operations.
_EVALUATES_ARITHMETIC = frozenset(("countdown", "puzzle24"))
# And theirs need all of sympy for it, which nothing bounds.
_EVALUATES_FORMULAS = frozenset(
    ("intermediate_integration", "polynomial_multiplication", "simple_integration")
)
_WORDS = re.compile(r"[\w\s,-]*")
_HEXADECIMAL = re.compile(r"(?:0x[0-9a-f]+|[\s()+*<>-])*")
_LONGEST_ANSWER = 10_000
# Draws without one item of the split: a data set with so few questions that all belong to others.
_MANY_DRAWS = 5_000


@dataclass(frozen=True, slots=True)
class GymConfig:
    """Which data set, and the options of its own configuration in reasoning-gym (without ``seed`` and
    ``size``).
    """

    dataset: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def validate(self) -> None:
        """Raise StylerepError if there is no such data set, it cannot be judged safely and repeatably,
        or an option is wrong.
        """
        name, known = self.dataset, _library().DATASETS
        if name not in known or name == "composite":
            raise StylerepError(
                f"gym: reasoning-gym has no data set {name!r} that can be named alone; name one, such as"
                " gym:chain_sum."
            )
        if name in _EVALUATES_FORMULAS:
            raise StylerepError(
                f"gym:{name}: its judge runs what a model answers through sympy without a limit, so it cannot"
                " be used."
            )
        if name in _NEED_HASH_SEED and os.environ.get("PYTHONHASHSEED") != "0":
            raise StylerepError(
                f"gym:{name}: its items differ from one Python process to the next; set PYTHONHASHSEED=0 to"
                " fix them."
            )
        allowed = sorted({option.name for option in fields(known[name][1])} - {"seed", "size"})
        for key in self.options:
            if key not in allowed:
                raise StylerepError(f"gym:{name}: there is no option {key!r}; it has {', '.join(allowed)}.")
        try:
            entry = _Items(self).entry(0)
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise StylerepError(f"gym:{name}: reasoning-gym refuses these options: {reason}.") from error
        if entry["answer"] is None:
            raise StylerepError(
                f"gym:{name}: this data set stores no answers, so there is nothing to train on; choose"
                " another one."
            )


def gym(split: str, seed: int = 0, config: GymConfig | None = None) -> Iterator[Problem]:
    """Return the items of a split without end, item *i* always the same for one seed.

    *split* is ``train``, ``validation`` or ``test``. The items have no worked steps;
    `gym_score` judges their answers.
    """
    config = config or GymConfig("chain_sum")
    config.validate()
    items = _Items(config)
    return generate(
        f"gym-{config.dataset}",
        VERSION,
        split,
        seed,
        items.draw,
        lambda entry: (entry["question"],),
        lambda entry, item_id, _: items.problem(entry, item_id, split),
    )


def gym_config(dataset: str, options: Mapping[str, str]) -> tuple[str, list[GymConfig]]:
    """Read ``DATASET[:split=SPLIT][:OPTION=VALUE…]``: return the split and the configuration,
    values read as YAML.
    """
    values = {
        key: parse_yaml(value, f"gym:{dataset}:{shown(key)[1:-1]}").data
        for key, value in options.items()
        if key != "split"
    }
    return options.get("split", "train"), [GymConfig(dataset, values)]


def gym_score(stated: str, meta: Mapping[str, Any]) -> float:
    """Return what the data set's own judge gives the answer that a model states: 0 to 1, where 1 is right.

    *meta* is that of the problem. An answer that the judge would run as code counts 0, unless it is plain
    data. Raises StylerepError where *meta* lacks the item.
    """
    if not {"dataset", "entry"} <= meta.keys():
        raise StylerepError(
            "gym: an answer can be judged only with the `dataset` and the `entry` in the meta of its problem;"
            " they are missing."
        )
    name, entry = meta["dataset"], _unpacked(meta["entry"])
    if stated == entry["answer"]:
        return 1.0
    if len(stated) > _LONGEST_ANSWER or not _harmless(name, stated, entry):
        return 0.0
    try:
        return float(
            _judge(name, json.dumps(meta.get("options", {}), sort_keys=True)).score_answer(stated, entry)
        )
    except Exception:  # noqa: BLE001 - a judge may trip over anything that a model writes, which is then wrong
        return 0.0


def _harmless(name: str, stated: str, entry: Mapping[str, Any]) -> bool:
    """Say whether the judge of this data set can be shown answer and item: evaluating them would do
    nothing.
    """
    match name:
        case _ if name in _EVALUATES_FORMULAS:
            return False
        case _ if name in _EVALUATES_ARITHMETIC:
            return evaluate(stated) is not None
        case _ if name in _EVALUATES_LISTS:
            return _WORDS.fullmatch(stated) is not None or _is_literal(stated)
        case "number_sorting":  # evaluates the stored answer, which may have come with a file
            return _is_literal(entry["answer"])
        case "bitwise_arithmetic":  # likewise its problem
            return _HEXADECIMAL.fullmatch(entry["metadata"]["problem"]) is not None
    return True


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def _library() -> Any:
    try:
        return importlib.import_module("reasoning_gym.factory")
    except ModuleNotFoundError as error:
        raise MissingDataError(
            'gym: the library reasoning-gym is not installed; get it with pip install "stylerep[gym]".'
        ) from error


@functools.lru_cache(maxsize=32)
def _judge(name: str, options: str) -> Any:
    return _library().create_dataset(name, **json.loads(options), seed=0, size=1)


class _Items:
    """The entries of one data set by index."""

    def __init__(self, config: GymConfig) -> None:
        self._config, self._draws = config, 0
        self._create = functools.partial(_library().create_dataset, config.dataset, **config.options)
        self._dataset = self._create(seed=0, size=1)

    def entry(self, index: int) -> dict[str, Any]:
        """Return the entry that the data set draws from ``Random(index)``."""
        try:
            return dict(self._dataset[index])
        except IndexError:  # four data sets draw lists of their size when they are made
            return dict(self._create(seed=index, size=1)[0])

    def draw(self, rng: random.Random) -> dict[str, Any]:
        self._draws += 1
        if self._draws > _MANY_DRAWS:
            raise StylerepError(
                f"gym:{self._config.dataset}: {_MANY_DRAWS} draws gave no item of this split; options with"
                " more variety are needed."
            )
        return self.entry(rng.randrange(2**31))

    def problem(self, entry: dict[str, Any], item_id: str, split: str) -> Problem:
        self._draws = 0
        meta = {
            "dataset": self._config.dataset,
            "options": dict(self._config.options),
            "entry": _packed(entry),
            "split": split,
        }
        return Problem(item_id, "gym", entry["question"].strip(), entry["answer"], "gym", (), meta)


def _packed(value: Any) -> Any:
    """Return an entry as JSON can hold it: tuples and keys that are no text become marked lists,
    since some judges tell them apart.
    """
    match value:
        case dict() if all(isinstance(key, str) for key in value):
            return {key: _packed(one) for key, one in value.items()}
        case dict():
            return {"<pairs>": [[_packed(key), _packed(one)] for key, one in value.items()]}
        case tuple():
            return {"<tuple>": [_packed(one) for one in value]}
        case list():
            return [_packed(one) for one in value]
    return value


def _unpacked(value: Any) -> Any:
    match value:
        case {"<pairs>": pairs}:
            return {_unpacked(key): _unpacked(one) for key, one in pairs}
        case {"<tuple>": parts}:
            return tuple(_unpacked(one) for one in parts)
        case dict():
            return {key: _unpacked(one) for key, one in value.items()}
        case list():
            return [_unpacked(one) for one in value]
    return value
