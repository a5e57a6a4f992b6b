"""Shows a training's progress: step, loss, tokens a second, time left."""

import time
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback

_QUIET = 15.0


class TrainingProgress(TrainerCallback):  # type: ignore[misc]  # transformers ships no types for it
    """A progress bar on a terminal; elsewhere a plain line after the first step, at every tenth of the way,
    and whenever `_QUIET` seconds have passed without one.
    """

    def __init__(self, console: Console, label: str) -> None:
        self._console, self._label = console, label
        self._bar: Progress | None = None
        self._task: Any = None
        self._loss: float | None = None
        self._written = 0
        self._began = 0.0
        self._told = 0
        self._last = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the clock and, on a terminal, the bar."""
        self._began = time.monotonic()
        if self._console.is_terminal:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.completed}/{task.total} steps  loss {task.fields[loss]}"),
            )
            self._bar = Progress(
                *columns,
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=self._console,
            )
            self._task = self._bar.add_task(self._label, total=state.max_steps, loss="…")
            self._bar.start()

    def on_log(
        self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any
    ) -> None:
        """Remember the loss, and add up what the model wrote, if it does."""
        self._loss = (logs or {}).get("loss", self._loss)
        self._written += int((logs or {}).get("written", 0))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Show how far it is."""
        loss = "…" if self._loss is None else f"{self._loss:.3f}"
        if self._bar:
            self._bar.update(self._task, completed=state.global_step, loss=loss)
            return
        tenth, now = 10 * state.global_step // state.max_steps, time.monotonic()
        if tenth > self._told or not self._last or now - self._last >= _QUIET:
            self._told, self._last = tenth, now
            passed = now - self._began
            left = passed / state.global_step * (state.max_steps - state.global_step)
            self._console.print(
                f"{self._label}: {state.global_step}/{state.max_steps} steps, loss {loss},"
                f"{f' {self._written:,} tokens written,' if self._written else ''} {passed:.0f} s passed,"
                f" {left:.0f} s left",
                soft_wrap=True,
                markup=False,
            )

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Take the bar down."""
        self.close()

    def close(self) -> None:
        """Give the terminal back; safe to call twice."""
        if self._bar:
            self._bar.stop()
            self._bar = None
