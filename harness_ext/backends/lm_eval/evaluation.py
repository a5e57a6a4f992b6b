"""Runs lm_eval's command line with our tasks and records the run.

Written against lm_eval 0.4.13. What it relies on: ``HarnessCLI.parse_args`` and ``execute``, the name ``TaskManager`` in
``lm_eval.tasks``, ``_create_payload`` and ``parse_generations`` of its models behind an address, and the files that ``--log_samples`` writes.
"""

import argparse
import contextlib
import functools
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from unittest.mock import patch

from distill.models.families.dated_template import DEFAULT, default_template
from distill.models.hooks import SERVERS, need
from distill.models.pretrained import MANIFEST as MODEL_MANIFEST
from harness_ext.backends.lm_eval.checks import check_limit, check_tasks, no_task
from harness_ext.backends.lm_eval.hooked import counted, reaching
from harness_ext.backends.lm_eval.masking import check_masked, secrets_masked, take_secrets
from harness_ext.backends.lm_eval.model_args import public_model_args
from harness_ext.backends.lm_eval.models import ADAPTER, HF, LOCAL, STYLE_HF, VLLM, check_named, register_ours, told, with_reasoning, without_empty_stop
from harness_ext.runs.run_folder import MANIFEST, RESPONSES, read_manifest, sample_files
from harness_ext.scoring.task_code import tell_code
from harness_ext.scoring.task_folder import tasks_named, tasks_path
from synth.errors import StylerepError
from synth.files.inside_folder import refuse_ways_out
from synth.files.lock import hold
from synth.files.output_files import check_folder
from synth.files.replace_file import write_text
from synth.privacy.masked_output import masked_output
from synth.privacy.secrets import SECRETS, with_braces, without_braces

if TYPE_CHECKING:
    from harness_ext.backends.lm_eval.hf_model import HfModel
    from harness_ext.backends.style_hf.control_settings import Controls

# lm_eval's own, of Python, numpy, torch and few-shot examples.
_SEEDS = [0, 1234, 1234, 1234]


def evaluate(argv: Sequence[str], arm: str | None = None, claims_sha256: str | None = None) -> Path:
    """Run ``lm_eval`` with its own options on our tasks and return the run folder.

    Besides what *argv* says: our tasks are found without ``--include_path``, and lm_eval's own are only looked through if one of them is asked for;
    whether a task's problems are here is found out before a model is loaded, and a task that only a pattern asks for is left out where they are not;
    samples are logged. For ``hf`` and ``vllm`` the model may be a name of `stylerep models list`, the chat template is applied if the tokenizer has one,
    in the way of its family, the batch size of ``hf`` is 16 unless given, and a model kept in bfloat16 is computed in float32 where the processor has no
    bfloat16. For a chat model behind an address, messages are sent as such, and a trace that the server gives in a field of its own is put before the
    answer. A manifest is written beside lm_eval's files; *arm* overrides the arm that an adapter's manifest names, and *claims_sha256* is recorded as
    that of a file of claims declared before the run. For ``style-hf``, responses are kept in the run folder as they come, so that the same call goes on
    after a kill, and what it changes of the style stands in the manifest and after the name of the arm (``hc+wait2``); ``vllm`` takes the same controls,
    but for steering. Keys, tokens, headers and passwords in options are masked in all that is written, lm_eval's own files with it, and may be given as
    ``${NAME}``, the value of an environment variable (`synth.privacy.secrets`). Raises StylerepError for what the user can mend.
    """
    with masked_output():
        return _evaluate(argv, arm, claims_sha256)


def _evaluate(argv: Sequence[str], arm: str | None, claims_sha256: str | None) -> Path:
    args = _parse(argv)
    check_limit(args.limit)
    if masked := take_secrets(args):
        print(f"stylerep: {masked}", file=sys.stderr, flush=True)
    folder = _output_folder(args)
    with hold(folder):
        return _run(args, folder, arm, claims_sha256)


def _run(args: argparse.Namespace, folder: Path, arm: str | None, claims_sha256: str | None) -> Path:
    controls = _read_controls(args)
    check_named(args.model or "hf", args.model_args)
    asked = _choose_tasks(args)

    from harness_ext.scoring.documents import check_documents  # with all sources of problems

    left_out = check_documents(asked.ours, _metadata(args), asked.words)
    if left_out and left_out == asked.ours and not asked.others:
        raise StylerepError("None of the tasks that were asked for can be run, for the reasons above; those of stylebench_offline need no files.")
    manifest, model = _prepare_local(args) if (args.model or "hf") in LOCAL else (_prepare_server(args), None)
    manifest |= {"arm": arm or manifest["arm"], **_settings(args)}
    if args.model == STYLE_HF:
        manifest |= _controls(args, folder, manifest["arm"])
    elif args.model == VLLM and model is not None:
        manifest |= _controls_of_vllm(args, model, manifest["arm"])
    if claims_sha256:
        manifest["claims_sha256"] = claims_sha256
    manifest = SECRETS.settings(manifest)
    _refuse_other_run(folder, manifest)

    before = _result_files(folder)
    with (
        patch("lm_eval.tasks.TaskManager", asked.manager),
        _served(args.model),
        _local(args.model, model, args.model_args),
        told(args.model or "hf"),
        secrets_masked(),
    ):
        args.func(args)
    new = sorted(_result_files(folder) - before)
    _check_saved(new, folder)
    check_masked(new)
    if model is not None:
        _check_controls(controls, new, model.family.think[1] if args.model == VLLM else None)
    manifest["left_out"] = _left_out(new, folder)
    written = {**manifest, "files": sorted({*read_manifest(folder).get("files", []), *(str(path.relative_to(folder)) for path in new)})}
    _write_manifest(folder, written)
    return folder


def _write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    try:
        write_text(folder / MANIFEST, json.dumps(manifest, indent=2) + "\n")
    except OSError as error:
        raise StylerepError(
            f"{folder}: all results were saved, but {MANIFEST}, which says what was run, could not be written ({error.strerror}); make room, and give the same "
            "command again, or the results will be taken for those of an unknown model."
        ) from error


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    from lm_eval._cli import HarnessCLI
    from lm_eval.utils import setup_logging

    setup_logging()
    words = ["--trust_remote_code" if word == "--trust-remote-code" else without_braces(word) for word in argv]
    with patch.object(sys, "argv", ["lm_eval", "run", *words]), patch.object(argparse.ArgumentParser, "error", _told_option):
        try:
            args: argparse.Namespace = HarnessCLI().parse_args()
        except (ValueError, RecursionError, MemoryError) as error:  # of what turns texts into values: braces that do not close, a word without =
            said = " ".join(SECRETS.settings(with_braces(str(error) or "A value is nested too deep")).split())[:300]
            raise StylerepError(f"{said.rstrip('.')}; lm_eval run --help shows what its options take.") from error
    for name, value in vars(args).items():
        setattr(args, name, with_braces(value))
    if getattr(args, "config", None):
        raise StylerepError("stylerep eval takes its options on the command line; for --config, run lm_eval --include_path $(stylerep tasks-path).")
    args.log_samples = True
    args.model_args = dict(args.model_args or {})
    if getattr(args, "trust_remote_code", False):
        args.model_args["trust_remote_code"] = True
    return args


def _told_option(parser: argparse.ArgumentParser, message: str) -> NoReturn:
    """Say in a sentence what lm_eval's parser does not take."""
    raise StylerepError(f"{SECRETS.settings(message).rstrip('.')}; lm_eval run --help shows its options.")


def _output_folder(args: argparse.Namespace) -> Path:
    path = getattr(args, "output_path", None)
    if not path or Path(path).suffix == ".json":
        raise StylerepError("Say where the run goes: --output_path FOLDER.")
    folder = Path(path)
    check_folder(folder)
    refuse_ways_out(folder)
    return folder


class _Asked(NamedTuple):
    """What is asked for: the `words` of ``--tasks``, which of our tasks that is, whether there are `others`, and what stands for lm_eval's TaskManager."""

    words: list[str]
    ours: list[str]
    others: bool
    manager: Any


def _choose_tasks(args: argparse.Namespace) -> _Asked:
    """Return which tasks are asked for; lm_eval's 14,000 built-in ones are only looked through where one of them may be meant."""
    theirs = getattr(args, "include_path", None)
    args.include_path = [str(tasks_path()), str(theirs)] if theirs else str(tasks_path())
    wanted = [name for item in (args.tasks or []) for name in item.split(",") if name]
    if not wanted:
        raise StylerepError("Say which tasks to run, for example --tasks 'style_*'.")
    names = [name for name in wanted if not name.endswith(".yaml")]
    tasks = tasks_named(names)
    if tasks and getattr(args, "num_fewshot", None):
        raise StylerepError("The tasks of stylerep ask without examples, as adapters are trained; leave --num_fewshot out.")
    check_tasks(names, Path(theirs) if theirs else None)
    tell_code(wanted, Path(theirs) if theirs else None)

    from lm_eval.tasks import TaskManager  # takes a second to import

    lean = functools.partial(TaskManager, include_defaults=False)
    ours = lean(include_path=args.include_path)
    missing = [name for name in names if not ours.match_tasks([name])]
    others = bool(missing) or len(names) < len(wanted) or any(not tasks_named([name]) for name in ours.match_tasks(names))
    if not missing:
        return _Asked(wanted, tasks, others, lean)
    everything = TaskManager(include_path=args.include_path)
    for name in missing:
        if not everything.match_tasks([name]) and not Path(name).is_dir():
            raise no_task(name, [*ours.all_tasks, *everything.all_tasks])
    return _Asked(wanted, tasks, others, TaskManager)


@contextlib.contextmanager
def _served(model: str | None) -> Iterator[None]:
    """Talk to servers as `harness_ext.backends.lm_eval.models` says: no empty list of stop strings, and the trace that stands beside an answer is kept."""
    if not model or "completions" not in model:
        yield
        return
    from lm_eval.models.api_models import TemplateAPI
    from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI

    need(SERVERS, LocalChatCompletion, "_create_payload", "parse_generations", "generate_until")
    called = Counter[str]()
    needed = {"_create_payload": SERVERS, **({"parse_generations": SERVERS} if model == "local-chat-completions" else {})}
    with contextlib.ExitStack() as patches:
        for served in (LocalCompletionsAPI, LocalChatCompletion):
            patches.enter_context(patch.object(served, "_create_payload", counted("_create_payload", without_empty_stop(served._create_payload), called)))
        parse = counted("parse_generations", with_reasoning(LocalChatCompletion.parse_generations), called)
        patches.enter_context(patch.object(LocalChatCompletion, "parse_generations", parse))
        if model in ("local-completions", "local-chat-completions"):
            patches.enter_context(patch.object(TemplateAPI, "generate_until", reaching(TemplateAPI.generate_until, called, needed)))
        yield


def _local(name: str | None, model: "HfModel | None", model_args: Mapping[str, Any]) -> contextlib.AbstractContextManager[Any]:
    """Treat a model of transformers as its family asks, and have vLLM run what takes controls."""
    if name == VLLM:
        return _vllm(model_args)
    if model is None or (name or "hf") not in HF:
        return contextlib.nullcontext()
    from harness_ext.backends.lm_eval.hf_model import as_family

    return as_family(model)


@contextlib.contextmanager
def _vllm(model_args: Mapping[str, Any]) -> Iterator[None]:
    """Have vLLM run what takes controls, and give back responses with the tag that their prompt opens a trace by."""
    from lm_eval.models.vllm_causallms import VLLM as VllmModel

    from harness_ext.backends.experimental.vllm_controls import ENVIRONMENT, PROCESSOR
    from harness_ext.backends.lm_eval.hf_model import with_prompts_opening

    environment = ENVIRONMENT if PROCESSOR in model_args.get("logits_processors", ()) else {}
    opened = patch.object(VllmModel, "generate_until", with_prompts_opening(VllmModel.generate_until))
    with patch.dict(os.environ, environment), opened:
        yield


def _prepare_server(args: argparse.Namespace) -> dict[str, Any]:
    """Fill in what a model behind an address needs and return what the manifest says of it."""
    if "chat-completions" in args.model and not hasattr(args, "apply_chat_template"):
        args.apply_chat_template = True
    if getattr(args, "seed", None) is None:
        args.seed = [*_SEEDS[:2], None, _SEEDS[3]]  # nothing here draws with torch, which takes a second to import
    return {"model": args.model, "base_model": args.model_args.get("model"), "arm": None}


def _prepare_local(args: argparse.Namespace) -> "tuple[dict[str, Any], HfModel]":
    """Fill in what a model that runs here needs; return what the manifest says of it, and the model."""
    from distill.models.pretrained import resolve_model
    from harness_ext.backends.lm_eval.hf_model import BATCH_SIZE, check_adapter_base, prepare

    name = args.model or "hf"
    register_ours(name)
    model = prepare(args.model_args, name)
    adapter: dict[str, Any] = {}
    if peft := args.model_args.get(ADAPTER.get(name, "peft")):
        check_adapter_base(model, peft)
        adapter = read_manifest(Path(peft))
        if adapter.get("family", model.family.name) != model.family.name:
            raise StylerepError(
                f"{peft}: this adapter was trained with the family {adapter['family']}, and {model.name} is now taken for {model.family.name}; "
                "let STYLEREP_FAMILIES name the folder that it named in training."
            )
        if adapter.get("template_arguments", model.family.template_arguments) != model.family.template_arguments:
            raise StylerepError(
                f"{peft}: this adapter was trained with the chat template's arguments {adapter['template_arguments']}, and the family {model.family.name} "
                f"now gives {model.family.template_arguments}."
            )
    trained = {} if peft else read_manifest(Path(model.path))  # a model that stylerep distill trained whole, if any
    trained = trained if "arm" in trained and "base_model" in trained else {}
    if default_template(model.tokenizer):
        _put_chat_template(args, model)
    if not hasattr(args, "batch_size"):
        args.batch_size = "auto" if name == VLLM else str(BATCH_SIZE)
    manifest = {
        "model": name,
        "family": model.family.name,
        "base_model": trained.get("base_model", model.name),
        "base_sha256": _base_digest(Path(resolve_model(trained["base_model"]) if trained else model.path)),
        "arm": adapter.get("arm", "unknown") if peft else trained.get("arm", "base"),
        **{key: (adapter or trained).get(key) for key in ("seed", "adapter_sha256", "dataset_fingerprint")},
    }
    return manifest, model


def _put_chat_template(args: argparse.Namespace, model: "HfModel") -> None:
    """Have the chat template put, the one that training puts; lm_eval records another that is named, and puts the default one all the same."""
    named = getattr(args, "apply_chat_template", True)
    if isinstance(named, str) and isinstance(model.tokenizer.chat_template, dict) and named != DEFAULT:
        raise StylerepError(
            f"--apply_chat_template {named}: adapters are trained with the chat template named {DEFAULT}, and lm_eval puts no other; leave it out."
        )
    args.apply_chat_template = named


def _read_controls(args: argparse.Namespace) -> "Controls":
    """Return the controls of style; raise StylerepError for some that are wrong, or given to a model that has none."""
    from harness_ext.backends.style_hf.control_settings import NAMES, Controls, read_controls

    if args.model in (STYLE_HF, VLLM):
        return read_controls(args.model_args)
    if given := [name for name in NAMES if name in args.model_args]:
        raise StylerepError(f"--model_args {given[0]} goes with --model {STYLE_HF} or {VLLM}, not with {args.model or 'hf'}.")
    return Controls()


def _check_controls(controls: "Controls", new: Sequence[Path], close: str | None) -> None:
    """Raise StylerepError where controls did not act (see `harness_ext.backends.lm_eval.controls_taken`); the results are then kept under names that no one
    reads.
    """
    from harness_ext.backends.lm_eval.controls_taken import check_controls

    try:
        check_controls([path for path in new if path.name.startswith("samples_")], controls, close)
    except StylerepError as error:
        for path in new:
            path.rename(path.with_name(f"{path.name}.refused"))
        raise StylerepError(f"{str(error).rstrip('.')} (what was measured is kept in {new[0].parent} as *.refused).") from error


def _controls(args: argparse.Namespace, folder: Path, arm: str) -> dict[str, Any]:
    """Check what is to be changed of the model's style, have it keep its responses in the run folder, and return what the manifest says of it."""
    from harness_ext.backends.style_hf.control_settings import read_controls

    if getattr(args, "use_cache", None):
        raise StylerepError(
            "--use_cache mixes up the responses of adapters; style-hf keeps its responses in the run folder, or where --model_args journal=FILE says."
        )
    controls = read_controls(args.model_args)
    args.model_args.setdefault("journal", str(folder / RESPONSES))
    return {"decoding": controls.record() or None, "arm": controls.arm(arm)}


def _controls_of_vllm(args: argparse.Namespace, model: "HfModel", arm: str) -> dict[str, Any]:
    """Put what is to be changed of the model's style where vLLM finds it, and return what the manifest says of it."""
    from harness_ext.backends.experimental.vllm_controls import vllm_arguments
    from harness_ext.backends.style_hf.control_settings import NAMES, read_controls

    controls = read_controls(args.model_args)
    args.model_args = {name: value for name, value in args.model_args.items() if name not in NAMES}
    if not controls.label:
        return {}
    if getattr(args, "use_cache", None):
        raise StylerepError("--use_cache mixes up the responses of different controls; leave it out.")
    end = model.tokenizer.convert_tokens_to_ids(model.family.end_of_turn)
    args.model_args |= vllm_arguments(controls, model.family.think[1], {end, model.tokenizer.eos_token_id} - {None}, args.model_args)
    return {"decoding": controls.record(), "arm": controls.arm(arm)}


def _base_digest(folder: Path) -> str | None:
    """Return the digest a pulled model was recorded with; None for any other model."""
    path = folder / MODEL_MANIFEST
    return json.loads(path.read_text(encoding="utf-8"))["sha256"] if path.is_file() else None


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "model_args": {key: str(value) for key, value in public_model_args(args.model_args).items()},
        "gen_kwargs": getattr(args, "gen_kwargs", None),
        "chat_template": bool(getattr(args, "apply_chat_template", False)),
        "batch_size": str(getattr(args, "batch_size", None)),
        "limit": getattr(args, "limit", None),
        "metadata": {key: value for key, value in _metadata(args).items() if key != "data_dir"},
        "versions": {name: version(name) for name in ("lm_eval", "torch", "transformers", "peft", "stylerep")},
    }


def _refuse_other_run(folder: Path, manifest: dict[str, Any]) -> None:
    """Keep two different models or settings from sharing a run folder."""
    there = SECRETS.settings(read_manifest(folder))  # as it would be written now
    for key in ("model", "base_model", "arm", "adapter_sha256", "gen_kwargs", "chat_template", "decoding"):
        if there and there.get(key) != manifest.get(key):
            raise StylerepError(f"{folder} already holds a run whose {key} is {there.get(key)!r}, not {manifest.get(key)!r}; choose another --output_path.")


def _left_out(new: Sequence[Path], folder: Path) -> list[str]:
    """Return the tasks of a run folder that have been left out, now or by an earlier call, and not been run since."""
    from harness_ext.backends.lm_eval.style_task import LEFT_OUT

    (results,) = (json.loads(path.read_text(encoding="utf-8"))["results"] for path in new if path.name.startswith("results_"))
    now = {task for task, scores in results.items() if LEFT_OUT in scores}
    return sorted({*read_manifest(folder).get("left_out", []), *now} - sample_files(folder).keys())


def _metadata(args: argparse.Namespace) -> dict[str, Any]:
    return dict(getattr(args, "metadata", None) or {})


def _result_files(folder: Path) -> set[Path]:
    return {*folder.rglob("results_*.json"), *folder.rglob("samples_*.jsonl")}


def _check_saved(new: Sequence[Path], folder: Path) -> None:
    """Make sure that everything was saved whole: lm_eval only logs a failure to save."""
    try:
        results = [path for path in new if path.name.startswith("results_")]
        contents = json.loads(results[0].read_text(encoding="utf-8"))
        for task, counts in contents["n-samples"].items():
            (path,) = (item for item in new if item.name.startswith(f"samples_{task}_"))
            lines = path.read_bytes().split(b"\n")
            if len(lines) - 1 < counts["effective"] or lines[-1]:
                raise ValueError(path.name)
    except (IndexError, ValueError, KeyError) as error:
        for path in new:
            path.unlink(missing_ok=True)
        raise StylerepError(f"{folder}: lm_eval could not save the results whole (is the disk full?); its broken files were removed.") from error
