"""Runs one cell in a process of its own, wherever an engine starts it, and records that it is done.

The record is written by the worker, not by the process that started it, so that a study whose main process
was killed loses nothing that was finished; and a cell that is still at work is waited for,
since its worker holds a lock.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import ConfigDict, Field

from harness_ext.pipelines.study.cells import Cell
from harness_ext.runs.run_folder import RESPONSES
from synth.errors import StylerepError
from synth.files.lock import lock
from synth.files.replace_file import write_text
from synth.files.replace_folder import remove_tree
from synth.printable import printable
from synth.processes.python_start import module_command, safe_environment
from synth.schema import Schema, read_as, read_json

STATE = ".cells"


class CellRecord(Schema):
    """What is recorded of a cell that is done."""

    model_config = ConfigDict(extra="ignore")
    key: str
    seconds: Annotated[float, Field(ge=0, le=1e9)]


class GivenCell(Schema):
    """As `harness_ext.pipelines.study.cells.Cell`, as it is handed over."""

    name: str
    kind: str
    command: list[str]
    output: str
    after: list[str]
    key: str
    label: str
    arm: str
    gpus: Annotated[int, Field(ge=0, le=1_000_000)]


def is_done(folder: Path, cell: Cell) -> bool:
    """Say whether a cell has been done with the command and inputs that it has now."""
    return read_record(folder, cell).get("key") == cell.key and (
        not cell.output or (folder / cell.output).is_file()
    )


def read_record(folder: Path, cell: Cell) -> dict[str, Any]:
    """Return what was recorded when a cell was last done: its key, and how many seconds it took;
    empty if nothing was.
    """
    path = folder / STATE / f"{cell.slug}.json"
    try:
        found = read_json(path)
        read_as(CellRecord, found, path)
    except StylerepError:
        return {}  # what is not on record is done again
    return dict(found)


def log_file(folder: Path, cell: Cell) -> Path:
    """Return where a cell's output goes."""
    return folder / STATE / f"{cell.slug}.log"


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """Return what workers noted, in order: time (seconds since 1970), cell, key, and event (begun, continued
    after a kill, done, taken from an outcomes file, ended with a code).
    """
    try:
        lines = (folder / STATE / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    notes = []
    for line in lines:
        with contextlib.suppress(ValueError):  # one that a full disk or a kill cut off says nothing
            notes.append(json.loads(line))
    return notes


def in_hand(folder: Path, cell: Cell) -> bool:
    """Say whether a worker is at this cell, whoever started it."""
    if not _lock_file(folder, cell).exists():
        return False  # and none is made by asking
    with _locked(folder, cell) as held:
        return held is None


RunCommand = Callable[[Cell, list[str], Path, IO[bytes]], int]
"""Runs a cell's command in a folder, with a file for what it writes, and returns its exit code, below 0 if it
was killed; it keeps the worker's lock for as long as it works.
"""


def run_command(cell: Cell, command: list[str], folder: Path, output: IO[bytes], held: int) -> int:
    """Run a cell's command in a Python of its own."""
    return subprocess.run(
        [*_launcher(cell), *command],
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={**safe_environment(), "PYTHONUNBUFFERED": "1"},
        pass_fds=[held],
        check=False,
    ).returncode


def run_cell(folder: Path, cell: Cell, run: RunCommand | None = None) -> int:
    """Run a cell's command, unless it is done, and record it; return the command's exit code. Waits while
    another worker is at the same cell. *run* runs the command, `run_command` if left out.
    """
    (folder / STATE).mkdir(parents=True, exist_ok=True)
    while True:
        with _locked(folder, cell) as held:
            if held is not None:
                return 0 if is_done(folder, cell) else _run(folder, cell, held, run)
        time.sleep(0.5)


def _run(folder: Path, cell: Cell, held: int, run: RunCommand | None) -> int:
    state, command = folder / STATE, list(cell.command)
    if cell.kind == "evaluate" and cell.gpus > 1 and "vllm" in command:
        command[command.index("--model_args") + 1] += f",tensor_parallel_size={cell.gpus}"
    begun = state / f"{cell.slug}.begun"
    continued = begun.is_file() and begun.read_bytes() == cell.key.encode()
    (state / f"{cell.slug}.json").unlink(missing_ok=True)
    begun.write_text(cell.key, encoding="utf-8")
    _note(state, cell, "continued" if continued else "begun")
    if cell.kind == "distill" and not continued:
        command.append("--restart")  # checkpoints of another training for the same folder are of no use
    if cell.kind == "evaluate":
        _clear((folder / cell.output).parent, keep=continued)
    began = time.monotonic()
    with log_file(folder, cell).open("ab" if continued else "wb") as output:
        code = run(cell, command, folder, output) if run else run_command(cell, command, folder, output, held)
    if code == 0 and cell.output and not (folder / cell.output).is_file():
        code = 1
    if code == 0:
        _record(state, cell, round(time.monotonic() - began, 1))
    _note(state, cell, "done" if code == 0 else f"ended with {code}")
    return code


def record_taken(folder: Path, cell: Cell, seconds: float) -> None:
    """Record that a cell is done, since its result was taken from elsewhere, where it took some seconds."""
    (folder / STATE).mkdir(parents=True, exist_ok=True)
    _record(folder / STATE, cell, seconds)
    _note(folder / STATE, cell, "taken")


def forget(folder: Path, cell: Cell) -> None:
    """Take a cell for one that isn't done."""
    (folder / STATE / f"{cell.slug}.json").unlink(missing_ok=True)


def _record(state: Path, cell: Cell, seconds: float) -> None:
    record = {"key": cell.key, "command": list(cell.command), "seconds": seconds}
    write_text(state / f"{cell.slug}.json", json.dumps(record, indent=1) + "\n")


def _clear(run: Path, keep: bool) -> None:
    """Empty a run folder, since lm_eval would add the new result to the old one; *keep* what a killed
    evaluation with style-hf had written.
    """
    for path in run.iterdir() if run.is_dir() else ():
        if not (keep and path.name == RESPONSES):
            remove_tree(path) if path.is_dir() else path.unlink()


def _launcher(cell: Cell) -> list[str]:
    """Return what starts a cell: Python, or, to train on several GPUs, accelerate with one process each and
    the model shared out among them.
    """
    if cell.kind != "distill" or cell.gpus < 2:
        return module_command("harness_ext")
    config = str(resources.files("distill.launch") / "fsdp.yaml")
    return module_command(
        "accelerate.commands.launch",
        "--config_file",
        config,
        "--num_processes",
        str(cell.gpus),
        "-m",
        "harness_ext",
    )


def _note(state: Path, cell: Cell, event: str) -> None:
    # what it tells is not needed to go on
    with contextlib.suppress(OSError), (state / "journal.jsonl").open("a", encoding="utf-8") as journal:
        journal.write(
            json.dumps(
                {"time": round(time.time(), 1), "cell": cell.name, "key": cell.key[:12], "event": event}
            )
            + "\n"
        )


@contextlib.contextmanager
def _locked(folder: Path, cell: Cell) -> Iterator[int | None]:
    """Hold a cell's lock and yield its file's number, None if another process has it.

    The cell's command inherits the lock: should the worker alone be killed,
    no other begins the cell while its command is still at work.
    """
    path = _lock_file(folder, cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        yield file.fileno() if lock(file) else None


def _lock_file(folder: Path, cell: Cell) -> Path:
    return folder / STATE / f"{cell.slug}.lock"


def begin(folder: Path, slug: str, run: RunCommand | None = None) -> int:
    """Run the cell that was handed over under its slug; return an exit code, above 128 if the command was
    killed.
    """
    path = folder / STATE / f"{slug}.cell"
    try:
        given = read_as(GivenCell, read_json(path), path)
    except StylerepError as error:
        print(f"stylerep: {printable(str(error))}", file=sys.stderr)
        return 2
    cell = Cell(**{**given.model_dump(), "command": tuple(given.command), "after": tuple(given.after)})
    code = run_cell(folder, cell, run)
    return code if code >= 0 else 128 - code


def main() -> None:
    """Run the cell that the command line names, and end as its command did."""
    sys.exit(begin(Path(sys.argv[1]), sys.argv[2]))
