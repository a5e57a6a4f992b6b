"""Checks a study's options with the commands' own code."""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.training.loss_on import is_on_policy, taught_arm
from harness_ext.pipelines.study.option_words import words
from harness_ext.pipelines.study.train_options import ON_POLICY, train_options
from synth.errors import StylerepError
from synth.schema import Document, read_as

if TYPE_CHECKING:
    from harness_ext.pipelines.study.file import Study, StudyModel

_OURS = {
    "distill": ("model", "data", "out", "seed", "restart"),
    "learnability": ("model", "adapter", "out", "json", "record"),
    "probe": ("model", "adapter", "out", "json", "html"),
    "teach": ("problems", "n", "seed", "out", "like", "arm", "write"),
    "synth": ("problems", "from", "arms", "arm", "n", "seed", "out", "like", "style", "dial", "templates"),
}
"""Options that the study itself gives to a command."""
_FILES = ("recipe", "without", "teacher", "teacher-adapter")


def with_whole_paths(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with the paths of files that are here made absolute: commands run in the study's
    folder.
    """
    return {
        key: whole_path(value) if key in _FILES and isinstance(value, str) else value
        for key, value in options.items()
    }


def whole_path(name: str) -> str:
    """Return the absolute path of a file or folder that is here; any other name as it is."""
    try:
        return str(Path(name).expanduser().resolve()) if Path(name).expanduser().exists() else name
    except (OSError, RuntimeError):  # a name too long, a home that there is not
        return name


def check_options(document: Document, study: "Study") -> None:
    """Raise StylerepError, naming line and key, for options and values that the commands of a study would
    refuse.
    """
    _check_data(document, study)
    for number, model in enumerate(study.models):
        own = ("models", number)
        _check_model(document, model, own)
        _check_train(document, study, model, own)
        _check_evaluate(document, study, model, own)
        _check_reading(document, study, model)


def _check_reading(document: Document, study: "Study", model: "StudyModel") -> None:
    """Check the options of what reads rows and traces with a model."""
    from harness_ext.backends.lm_eval.names import STYLE_HF
    from harness_ext.pipelines.probed_runs import check_probes

    if study.learnability is not None:
        rest = ["data", "--model", model.name, "--out", "rows.parquet"]
        _parsed(document, ("learnability",), "learnability", study.learnability, rest)
    if study.probes is not None:
        given = _parsed(document, ("probes",), "probe", study.probes, ["runs", "--out", "probes.parquet"])
        names = [name.strip() for name in str(given["probes"]).split(",") if name.strip()]
        _told(document, ("probes",), lambda: check_probes(names))
        way = {"model": "hf", **study.evaluate, **model.evaluate}["model"]
        if way not in ("hf", STYLE_HF):
            raise document.error(
                ("probes",),
                f"these need evaluate: {{model: {STYLE_HF}}} or hf; {model.label} is evaluated with {way}",
            )


def _check_data(document: Document, study: "Study") -> None:
    from synth.problems import check_source
    from synth.rows import check_sources
    from synth.traces.arms import arm_name, parse_arms
    from synth.traces.writing.target import style_target

    _check_own(document, study)
    teach = dict(study.teach)
    source = teach.pop("from", None)
    if source is None:  # else traces are read, and no problems
        _told(document, ("problems",), lambda: check_source(study.problems, study.n, study.data_seed))
    for number, arm in enumerate(taught_arm(name)[0] for name in study.arms):
        if (spelt := arm_name(arm)) != arm:
            raise document.error(("arms", number), f"the data set of {arm} is named {spelt}; write that")
        _told(
            document,
            ("arms", number),
            functools.partial(
                parse_arms,
                [arm],
                "st" if source or arm == "st" else "hc",
                "self" if study.own is not None else "",
            ),
        )
    _told(document, ("style",), lambda: style_target("long-reasoning", study.style))
    if source is not None:
        _told(document, ("teach", "from"), lambda: check_sources([str(source)]))
        _parsed(document, ("teach",), "synth", teach, ["--out", "data"])
    elif teach:
        given = _parsed(
            document,
            ("teach",),
            "teach",
            teach,
            ["--problems", study.problems, "--n", str(study.n), "--out", "data"],
        )
        _told(document, ("teach",), lambda: _check_teacher(given))


def _check_own(document: Document, study: "Study") -> None:
    """Check how models are to be sampled for the arm self."""
    from harness_ext.backends.lm_eval import parse_model_args
    from harness_ext.pipelines.study.own_style import (
        KEY,
        name_argument,
        own_options,
        sampled_model,
    )
    from synth.traces.unsolved import HANDLINGS

    if study.own is None:
        return
    options, unsolved = own_options(study)
    if unsolved is not None and unsolved not in HANDLINGS:
        raise document.error((KEY, "unsolved"), f"expected {' or '.join(HANDLINGS)}, found {unsolved!r}")
    argument = name_argument(str(study.own.get("model", "hf")))
    if argument in parse_model_args(str(study.own.get("model_args", ""))):
        raise document.error(
            (KEY, "model_args"), f"the study itself names the student by {argument}; leave it out"
        )
    rest = ["--arm", "self", "--problems", study.problems, "--n", str(study.n), "--out", "own"]
    for model in study.models:
        given = _parsed(document, (KEY,), "teach", options, [*sampled_model(study.own, model.name), *rest])
        _told(document, (KEY,), functools.partial(_check_teacher, given))


def _check_teacher(given: Mapping[str, Any]) -> None:
    from harness_ext.backends.lm_eval.models import check_model, check_named
    from harness_ext.backends.lm_eval.names import LOCAL
    from harness_ext.pipelines.teach.settings import settle

    settings = settle(**given)
    settings.validate()
    if settings.model in LOCAL:  # whether it is on this machine, or will be by then, is not known
        check_model(settings.model, settings.model_args, LOCAL)
    else:
        check_named(settings.model, settings.model_args)


def _check_model(document: Document, model: "StudyModel", place: tuple[str | int, ...]) -> None:
    from distill.experimental.scratch.names import is_scratch, scratch_model
    from distill.models.packaged import NAMED
    from distill.models.pretrained import resolve_model

    check: Callable[[str], object] = scratch_model if is_scratch(model.name) else resolve_model
    if model.name not in NAMED:
        _told(document, place, lambda: check(model.name))


def _check_train(document: Document, study: "Study", model: "StudyModel", own: tuple[str | int, ...]) -> None:
    alone, changed = (study.train, ("train",)), ({**study.train, **model.train}, (*own, "train"))
    for options, place in (alone, changed) if model.train else (alone,):
        if options.get("merge"):
            raise document.error(
                _within(document, place, "merge"),
                "every arm and seed would be merged into this one folder; leave merge out, and merge the"
                " adapter you want with stylerep distill --merge",
            )
        if options.get("method") == "opd":
            raise document.error(
                _within(document, place, "method"),
                "an arm that is trained on-policy has a name of its own; leave method out, and name it under"
                f" arms, such as {study.arms[0]}_opd",
            )
        used = [name for name in ON_POLICY if name in options]
        if used and not any(map(is_on_policy, study.arms)):
            raise document.error(
                _within(document, place, used[0]),
                "this is for arms that are trained on-policy, and the study has none; name one under arms,"
                f" such as {study.arms[0]}_opd",
            )
        rest = ["--model", model.name, "--data", "data", "--out", "adapters"]
        _parsed(document, place, "distill", options, rest)
        for arm in study.arms:
            given = _parsed(document, place, "distill", train_options(options, arm), rest)
            _told(document, place, functools.partial(_settle, arm, given))
        if options.get("teacher"):
            _told(document, place, functools.partial(_check_opd_teacher, study, options))


def _settle(arm: str, given: Mapping[str, Any]) -> None:
    """Raise StylerepError where an arm's training would be refused, or is another than its name says."""
    from distill.training.settle_options import settle

    if settle(**given).recipe.opd and not is_on_policy(arm):
        raise StylerepError(
            f"The recipe {given['recipe']} is of on-policy distillation, which the arm {arm} is not; name the"
            f" arm {arm}_opd, and its teacher under train."
        )


def _check_opd_teacher(study: "Study", options: Mapping[str, Any]) -> None:
    """Raise StylerepError for a teacher or an adapter that is not there, and that the study does not pull."""
    from distill.models.pretrained import check_adapter, resolve_model

    if options["teacher"] not in [model.name for model in study.models]:
        resolve_model(str(options["teacher"]))
    if options.get("teacher-adapter"):
        check_adapter(str(options["teacher-adapter"]))


def _within(document: Document, place: tuple[str | int, ...], key: str) -> tuple[str | int, ...]:
    """Return the place of a key, or of what holds it where the document has no such line."""
    return (*place, key) if (*place, key) in document.lines else place


def _check_evaluate(
    document: Document, study: "Study", model: "StudyModel", own: tuple[str | int, ...]
) -> None:
    from harness_ext.backends.lm_eval.checks import check_limit, check_tasks
    from harness_ext.backends.lm_eval.models import check_named
    from harness_ext.backends.lm_eval.names import LOCAL
    from harness_ext.scoring.task_folder import tasks_named

    given = {"model": "hf", **study.evaluate, **model.evaluate}

    def place(key: str) -> tuple[str | int, ...]:
        return (*own, "evaluate", key) if key in model.evaluate else ("evaluate", key)

    if not given.get("tasks"):
        raise document.error(("evaluate",), "the key 'tasks' is missing")
    tasks = given["tasks"] if isinstance(given["tasks"], str) else ",".join(given["tasks"])
    _told(document, place("tasks"), lambda: check_tasks(tasks.split(",")))
    _told(document, place("limit"), lambda: check_limit(given.get("limit")))
    _check_draws(document, given, place)
    if "metadata" in given and tasks_named(tasks.split(",")):
        from harness_ext.scoring.documents import TaskMetadata  # with all sources of problems

        _told(document, place("metadata"), lambda: read_as(TaskMetadata, given["metadata"], "metadata"))
    if given["model"] not in LOCAL:
        _told(document, place("model"), lambda: check_named(given["model"], {"pretrained": model.name}))


def _check_draws(
    document: Document, given: Mapping[str, Any], place: Callable[[str], tuple[str | int, ...]]
) -> None:
    """Raise StylerepError where several responses to an item are asked for that would be equal."""
    if given.get("repeats", 1) > 1 and "temperature" not in given:
        raise document.error(
            place("repeats"),
            f"greedy decoding would give {given['repeats']} equal responses; add a temperature, such as 0.7",
        )


def _parsed(
    document: Document,
    place: tuple[str | int, ...],
    verb: str,
    options: Mapping[str, Any],
    rest: Sequence[str],
) -> dict[str, Any]:
    """Return the values of a command's options, read by the command's own parser."""
    import typer

    command = _commands()[verb]
    names = {
        name.removeprefix("--") for one in command.params for name in one.opts if name.startswith("--")
    } - set(_OURS[verb])
    for key in options:
        at = (*place, key) if (*place, key) in document.lines else (place[-1], key)
        if key in _OURS[verb]:
            raise document.error(at, f"the study itself gives --{key} to stylerep {verb}; leave it out")
        if key not in names:
            raise document.error(
                at, f"stylerep {verb} has no option --{key}; there are {', '.join(sorted(names))}"
            )
    try:
        context = command.make_context(verb, [*rest, *words(options)])
    except typer.TyperException as error:
        raise document.error(place, error.format_message().rstrip(".")) from error
    values: dict[str, Any] = context.params
    return values


@functools.cache
def _commands() -> dict[str, Any]:
    import typer

    from harness_ext.cli import app

    found: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group of commands
    return found


def _told(document: Document, place: tuple[str | int, ...], check: Callable[[], object]) -> None:
    try:
        check()
    except StylerepError as error:
        raise document.error(place, str(error).removesuffix(".")) from error
