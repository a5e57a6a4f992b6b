"""Entry of the command: turns a user's mistake into one sentence and exit code 2."""

import os
import sys

if __name__ == "__main__" and not sys.flags.safe_path and sys.path[0] == os.getcwd():
    # python -m has put the current folder first. It stays where it is the checkout itself,
    # and where PYTHONPATH names it too.
    _root = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    if os.path.realpath(sys.path[0]) != _root or sys.path[0] in sys.path[1:]:
        del sys.path[0]

import errno
import io
import traceback
from typing import NoReturn

import typer

from synth.errors import StylerepError
from synth.printable import printable
from synth.privacy.masked_output import mask_output
from synth.privacy.secrets import SECRETS
from synth.processes.openmp import share_cores
from synth.processes.python_start import safe_environment

_TOLD = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EACCES,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
)
"""Errors of the file system that are the user's to mend."""
_INTERRUPTED = 130
_PIPE_CLOSED = 141
_LONGEST = 2000


def main() -> None:
    """Run ``stylerep`` and exit: 0 done, 2 a mistake told in one sentence, 130 interrupted.

    Where ``compare --claims`` says by 1 and 2 what came of the claims, a mistake is 3,
    and so is a fault of ours.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a file's name, or a text in it, may hold what has no UTF-8
            stream.reconfigure(errors="backslashreplace")
    SECRETS.know_environment()
    mask_output()  # for good: the traceback of a fault of ours is printed last of all
    os.environ.update(safe_environment())  # what libraries start inherits it
    share_cores()
    if sys.argv[1:2] != ["compare"] or all(word.partition("=")[0] != "--claims" for word in sys.argv):
        _run(2)  # which ends the process
    try:
        _run(3)
    except Exception:  # noqa: BLE001 (told and passed on by the code)
        traceback.print_exc()  # Python would end with 1
        sys.exit(3)


def _run(mistake: int) -> NoReturn:
    try:
        from harness_ext.cli import app

        # Outside its standalone mode, typer hands back the code of an exit and 130 for Ctrl-C.
        code = app(standalone_mode=False)
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except KeyboardInterrupt:
        _leave("Interrupted; what was there before is unchanged.", _INTERRUPTED)
    # what reads our output has had enough, as head does; 1 would look like a claim that is not met
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_PIPE_CLOSED)
    except OSError as error:
        if error.errno not in _TOLD:
            raise
        where = f"{error.filename}: " if error.filename else ""
        _leave(
            f"{where}{error.strerror}; what was to be replaced is there, whole. When that is mended, the same"
            " command goes on, or begins anew.",
            mistake,
        )
    except StylerepError as error:
        _leave(str(error), mistake)
    except typer.TyperException as error:
        message = error.format_message()
        if message.startswith("Usage:"):  # a command group called alone: typer's help is the answer
            print(message)
            sys.exit(2)
        _leave(f"{message} (stylerep --help shows what there is.)", mistake)


def _leave(sentence: str, code: int) -> NoReturn:
    says = printable(sentence)
    if len(says) > _LONGEST:  # what was found may be of any length
        says = f"{says[: _LONGEST // 2]} … {says[-_LONGEST // 2 :]}"
    print(f"stylerep: {says}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
