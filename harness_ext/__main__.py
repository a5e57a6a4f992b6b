"""Entry of the command: turns a user's mistake into one sentence and exit code 2."""

import errno
import sys


def main() -> None:
    """Run ``stylerep`` and exit: 0 done, 2 a mistake told in one sentence, 130 interrupted."""
    try:
        from harness_ext.cli import app

        app(standalone_mode=True)
    except KeyboardInterrupt:
        _leave("Interrupted; nothing unfinished was kept, and what was there before is unchanged.", 130)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EISDIR):
            raise
        where = f"{error.filename}: " if error.filename else ""
        _leave(f"{where}{error.strerror}; nothing unfinished was kept, and what was there before is unchanged.", 2)
    except Exception as error:
        # Imported here so that --help stays free of it.
        from synth.errors import StylerepError

        if not isinstance(error, StylerepError):
            raise
        _leave(str(error), 2)


def _leave(sentence: str, code: int) -> None:
    print(f"stylerep: {sentence}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
