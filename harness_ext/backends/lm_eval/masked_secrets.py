"""Keeps secrets out of what lm_eval writes: results, samples, the name of a folder,
and what it sends to trackers.

Written against lm_eval 0.4.13. What it relies on: the name ``simple_evaluate`` in ``lm_eval``, and of what
that returns, ``config``, ``configs`` and ``samples`` with their ``arguments``;
``general_config_tracker`` of its ``EvaluationTracker``.
"""

import argparse
import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

from synth.errors import StylerepError
from synth.privacy.secrets import SECRETS

_OPTIONS = (
    "model_args",
    "gen_kwargs",
    "metadata",
    "hf_hub_log_args",
    "wandb_args",
    "wandb_config_args",
    "trackio_args",
)
_SETTINGS_OF_TASKS = ("metadata", "generation_kwargs", "dataset_kwargs")


def take_secrets(args: argparse.Namespace) -> str | None:
    """Resolve references to environment variables in lm_eval's options, take note of the secrets in them, and
    return a sentence on what is masked.

    Raises StylerepError for a variable that is not set.
    """
    SECRETS.know_environment()
    SECRETS.found.clear()
    for option in _OPTIONS:
        if given := getattr(args, option, None):
            resolved = SECRETS.resolved(given, f"--{option}")
            SECRETS.learn(resolved, f"--{option}")
            setattr(args, option, resolved)
    return SECRETS.sentence()


@contextlib.contextmanager
def secrets_masked() -> Iterator[None]:
    """Mask secrets in what lm_eval's command writes, sends and prints of an evaluation."""
    import lm_eval

    with patch("lm_eval.simple_evaluate", _masked(lm_eval.simple_evaluate)):
        yield


def check_masked(paths: Iterable[Path]) -> None:
    """Remove files that hold a known secret after all, and raise StylerepError:
    another lm_eval may write them by another way.
    """
    leaking = [
        path
        for path in paths
        if any(value.encode("utf-8", "replace") in path.read_bytes() for value in SECRETS.known)
    ]
    for path in leaking:
        path.unlink()
    if leaking:
        names = ", ".join(path.name for path in leaking)
        raise StylerepError(
            f"{leaking[0].parent}: lm_eval {version('lm_eval')} wrote a key or password into {names} in a way"
            " that is not known here; the files were removed."
        )


def _masked(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(evaluate)
    def evaluated(*arguments: Any, **options: Any) -> Any:
        results = evaluate(*arguments, **options)
        if tracker := options.get("evaluation_tracker"):
            _mask_name(tracker.general_config_tracker)
        return masked_results(results) if results else results

    return evaluated


def _mask_name(tracker: Any) -> None:
    """Mask what an address that stands for the model's name holds: a folder is called after it."""
    from lm_eval.utils import sanitize_model_name

    if tracker.model_name != (name := SECRETS.settings(tracker.model_name)):
        tracker.model_name, tracker.model_name_sanitized = name, sanitize_model_name(name)
    tracker.system_instruction = SECRETS.texts(tracker.system_instruction)


def masked_results(results: dict[str, Any]) -> dict[str, Any]:
    """Return lm_eval's results, samples with them, with secrets masked: in settings by name too,
    elsewhere by value and form.
    """
    masked: dict[str, Any] = {}
    for name, value in results.items():
        if name == "config":
            masked[name] = SECRETS.settings(value)
        elif name == "configs":
            masked[name] = {task: _task(config) for task, config in value.items()}
        elif name == "samples":
            masked[name] = {task: [_sample(one) for one in rows] for task, rows in value.items()}
        else:
            masked[name] = SECRETS.texts(value)
    return masked


def _task(config: Any) -> Any:
    if not isinstance(config, dict):
        return config
    return {
        name: SECRETS.settings(value) if name in _SETTINGS_OF_TASKS else SECRETS.texts(value)
        for name, value in config.items()
    }


def _sample(sample: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _arguments(value) if name == "arguments" else SECRETS.texts(value)
        for name, value in sample.items()
    }


def _arguments(value: Any) -> Any:
    """Return the arguments of requests, of each the settings of its generation masked,
    and the prompt as text.
    """
    if isinstance(value, dict):
        return SECRETS.settings(value)
    return (
        type(value)(_arguments(one) for one in value)
        if type(value) in (list, tuple)
        else SECRETS.texts(value)
    )
