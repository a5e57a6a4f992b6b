"""The options of ``stylerep eval``: lm_eval's own, read by its own parser."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from synth.errors import StylerepError
from synth.files.inside_folder import refuse_ways_out
from synth.files.output_files import check_folder
from synth.privacy.secrets import SECRETS, with_braces, without_braces


class _OptionParser(argparse.ArgumentParser):
    """A parser, and with it those of its commands, that says in a sentence what it does not take."""

    def error(self, message: str) -> NoReturn:
        """Raise StylerepError in place of printing the usage."""
        raise StylerepError(f"{SECRETS.settings(message).rstrip('.')}; lm_eval run --help shows its options.")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the options of an evaluation as lm_eval's parser reads them;
    raise StylerepError for what it does not take.
    """
    from lm_eval._cli.run import Run
    from lm_eval.utils import setup_logging

    setup_logging()
    words = [
        "--trust_remote_code" if word == "--trust-remote-code" else without_braces(word) for word in argv
    ]
    parser = _OptionParser(prog="lm_eval")
    Run.create(parser.add_subparsers())
    try:
        args = parser.parse_args(["run", *words])
    # of what turns texts into values: braces that do not close, a word without =
    except (ValueError, RecursionError, MemoryError) as error:
        said = " ".join(SECRETS.settings(with_braces(str(error) or "A value is nested too deep")).split())[
            :300
        ]
        raise StylerepError(f"{said.rstrip('.')}; lm_eval run --help shows what its options take.") from error
    for name, value in vars(args).items():
        setattr(args, name, with_braces(value))
    if getattr(args, "config", None):
        raise StylerepError(
            "stylerep eval takes its options on the command line; for --config, run lm_eval --include_path"
            " $(stylerep tasks-path)."
        )
    args.log_samples = True
    args.model_args = dict(args.model_args or {})
    if getattr(args, "trust_remote_code", False):
        args.model_args["trust_remote_code"] = True
    return args


def output_folder(args: argparse.Namespace) -> Path:
    """Return the run folder that is asked for; raise StylerepError where none is named,
    or it may not be written.
    """
    path = getattr(args, "output_path", None)
    if not path or Path(path).suffix == ".json":
        raise StylerepError("Say where the run goes: --output_path FOLDER.")
    folder = Path(path)
    check_folder(folder)
    refuse_ways_out(folder)
    return folder


def task_metadata(args: argparse.Namespace) -> dict[str, Any]:
    """Return what ``--metadata`` gives to all tasks."""
    return dict(getattr(args, "metadata", None) or {})


def given_decoding(args: argparse.Namespace) -> dict[str, Any]:
    """Return what ``--gen_kwargs`` says."""
    from lm_eval.utils import simple_parse_args_string

    given = getattr(args, "gen_kwargs", None) or {}
    return dict(simple_parse_args_string(given) if isinstance(given, str) else given)
