"""Runs lm_eval with our tasks and records the run.

Written against lm_eval 0.4.13. What it relies on: the parser and the function of ``lm_eval._cli.run.Run``,
the name ``TaskManager`` in ``lm_eval.tasks``, what `harness_ext.backends.lm_eval.patched_models` says, and
the files that ``--log_samples`` writes.
"""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from harness_ext.backends.lm_eval.asked_tasks import choose_tasks
from harness_ext.backends.lm_eval.checks import check_limit
from harness_ext.backends.lm_eval.command_line import given_decoding, output_folder, parse, task_metadata
from harness_ext.backends.lm_eval.masked_secrets import check_masked, secrets_masked, take_secrets
from harness_ext.backends.lm_eval.models import check_named, told
from harness_ext.backends.lm_eval.names import LOCAL, STYLE_HF, VLLM
from harness_ext.backends.lm_eval.patched_models import patched_local, patched_server
from harness_ext.backends.lm_eval.preparing import (
    asked_controls,
    prepare_controls,
    prepare_local,
    prepare_server,
    prepare_vllm_controls,
)
from harness_ext.backends.lm_eval.response_cache import keep_apart
from harness_ext.backends.lm_eval.saved import (
    check_controls_acted,
    check_saved,
    recorded_settings,
    refuse_other_run,
    result_files,
    tasks_left_out,
    write_manifest,
)
from harness_ext.backends.lm_eval.several_draws import check_repeats, every_draw_scored
from harness_ext.runs.run_folder import read_manifest
from synth.errors import StylerepError
from synth.files.lock import hold
from synth.privacy.masked_output import masked_output
from synth.privacy.secrets import SECRETS
from synth.progress import turn_to
from synth.responses.samples_file import samples_name

if TYPE_CHECKING:
    from harness_ext.compare.settling import InOrder, StoppingRule


def evaluate(
    argv: Sequence[str],
    arm: str | None = None,
    claims_sha256: str | None = None,
    rule: "StoppingRule | None" = None,
    in_order: bool = False,
    repeats: int | None = None,
) -> Path:
    """Run ``lm_eval`` with its own options on our tasks and return the run folder.

    Besides what *argv* says: our tasks are found without ``--include_path``, and lm_eval's own are only
    looked through if one of them is asked for; whether a task's problems are here is found out before a model
    is loaded, and a task that only a pattern asks for is left out where they are not; samples are logged. For
    ``hf`` and ``vllm`` the model may be a name of `stylerep models list`, the chat template is applied if the
    tokenizer has one, in the way of its family, the batch size of ``hf`` is 16 unless given, and a model kept
    in bfloat16 is computed in float32 where the processor has no bfloat16. For a chat model behind an
    address, messages are sent as such, and a trace that the server gives in a field of its own is put before
    the answer. A manifest is written beside lm_eval's files; *arm* overrides the arm that an adapter's
    manifest names, and *claims_sha256* is recorded as that of a file of claims declared before the run. For
    ``style-hf``, responses are kept in the run folder as they come, so that the same call goes on after a
    kill, and what it changes of the style stands in the manifest and after the name of the arm
    (``hc+wait2``); ``vllm`` takes the same controls, but for steering. Keys, tokens, headers and passwords in
    options are masked in all that is written, lm_eval's own files with it, and may be given as ``${NAME}``,
    the value of an environment variable (`synth.privacy.secrets`). With a *rule*, items are asked in the
    order of a hash, and only until their comparison with a finished run, or the claims about it and others,
    are settled; the manifest says so. *in_order* asks all of them so, and writes down scores as they come, to
    be watched. Generating tasks are asked *repeats* times an item, or as often as they say, each draw is
    scored, and the samples hold all of them, with pass@k and maj@k beside the means
    (`harness_ext.scoring.draws`).
    Raises StylerepError for what the user can mend.
    """
    with masked_output():
        return _evaluate(argv, arm, claims_sha256, rule, in_order, repeats)


def _evaluate(
    argv: Sequence[str],
    arm: str | None,
    claims_sha256: str | None,
    rule: "StoppingRule | None",
    in_order: bool,
    repeats: int | None,
) -> Path:
    args = parse(argv)
    check_limit(args.limit)
    if masked := take_secrets(args):
        print(f"stylerep: {masked}", file=sys.stderr, flush=True)
    folder = output_folder(args)
    with hold(folder):
        return _run(args, folder, arm, claims_sha256, rule, in_order, repeats)


def _run(
    args: argparse.Namespace,
    folder: Path,
    arm: str | None,
    claims_sha256: str | None,
    rule: "StoppingRule | None",
    in_order: bool,
    repeats: int | None,
) -> Path:
    controls = asked_controls(args)
    check_named(args.model or "hf", args.model_args)
    asked = choose_tasks(args)

    from harness_ext.scoring.documents import check_documents  # with all sources of problems

    check_repeats(asked.ours, repeats, given_decoding(args))
    turn_to("looking for the problems of tasks")
    left_out = check_documents(asked.ours, task_metadata(args), asked.words)
    if left_out and left_out == asked.ours and not asked.others:
        raise StylerepError(
            "None of the tasks that were asked for can be run, for the reasons above; those of"
            " stylebench_offline need no files."
        )
    manifest: dict[str, Any] = {}
    watching: contextlib.AbstractContextManager[list[InOrder]] = contextlib.nullcontext([])
    if rule or in_order:  # what it needs takes a second to import
        from harness_ext.backends.lm_eval.in_order import asked_in_order

        tasks = [task for task in asked.ours if task not in left_out]
        watching = asked_in_order(rule, tasks, folder, lambda: str(manifest["arm"]))
    turn_to("importing torch and loading the tokenizer")
    manifest, model = prepare_local(args) if (args.model or "hf") in LOCAL else (prepare_server(args), None)
    manifest |= {"arm": arm or manifest["arm"], **recorded_settings(args)}
    if args.model == STYLE_HF:
        manifest |= prepare_controls(args, folder, manifest["arm"])
    elif args.model == VLLM and model is not None:
        manifest |= prepare_vllm_controls(args, model, manifest["arm"])
    keep_apart(args, manifest)
    if claims_sha256:
        manifest["claims_sha256"] = claims_sha256
    if repeats is not None:
        manifest["repeats"] = repeats
    manifest = SECRETS.settings(manifest)
    refuse_other_run(folder, manifest)

    before = result_files(folder)
    turn_to("building tasks and loading the model")
    with (
        patch("lm_eval.tasks.TaskManager", asked.manager),
        watching as settled,
        every_draw_scored(repeats),
        patched_server(args.model),
        patched_local(args.model, model, args.model_args),
        told(args.model or "hf"),
        secrets_masked(),
    ):
        args.func(args)
    new = sorted(result_files(folder) - before)
    check_saved(new, folder)
    check_masked(new)
    if settled:
        from harness_ext.backends.lm_eval.in_order import check_asked

        check_asked(new, settled)
    if model is not None:
        check_controls_acted(controls, new, model.family.think[1] if args.model == VLLM else None)
    manifest["left_out"] = tasks_left_out(new, folder)
    there = read_manifest(folder)
    stopping = {task: one for settling in settled for task, one in settling.record().items()}
    now = {*stopping, *(name.task for path in new if (name := samples_name(path.name)))}
    kept = {task: one for task, one in there.get("stopping", {}).items() if task not in now}
    if stopping or kept:
        manifest["stopping"] = {**kept, **stopping}
    written = {
        **manifest,
        "files": sorted({*there.get("files", []), *(str(path.relative_to(folder)) for path in new)}),
    }
    write_manifest(folder, written)
    return folder
