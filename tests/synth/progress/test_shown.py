"""A command that takes long says on stderr what it does, how far it is and the time left."""

import io
import sys
import time

import pytest

from synth.progress import Stage, at_work, is_shown, shown, stage
from synth.progress.shown import Display, described, in_words, showing


@pytest.fixture(autouse=True)
def switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(shown.VARIABLE, raising=False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def fresh_stderr(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


class Looked:
    """A display that looks only when it is told to, by a clock of its own, and what it has written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.stream = fresh_stderr(monkeypatch)
        monkeypatch.setattr(shown.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(shown, "_LOOK", 3600.0)
        self._display = Display()

    def __enter__(self) -> "Looked":
        self._display.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._display.__exit__(*error)

    def look(self, later: float) -> str:
        """Look some seconds later; return what that had written."""
        before = len(self.stream.getvalue())
        self.now += later
        self._display._look(self.now)
        return self.stream.getvalue()[before:]

    def spoke(self, until: float, word_at: float = -1) -> list[float]:
        """Return at which seconds something was written; a library writes a word at one of them."""
        told = []
        for quarter in range(1, int(until * 4) + 1):
            if self.look(0.25):
                told.append(quarter / 4)
            if quarter / 4 == word_at:
                print("a library's word", file=sys.stderr)
        return told


def test_lines_come_early_and_then_at_least_every_15_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    with Looked(monkeypatch) as looked, stage("working"):
        assert looked.spoke(60) == [3, 9, 19, 34, 49]


def test_where_others_speak_nothing_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    with Looked(monkeypatch) as looked, stage("working"):
        assert looked.spoke(40, word_at=20) == [3, 9, 19, 35]


def test_a_line_says_what_how_far_and_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with Looked(monkeypatch) as looked, stage("rendering 4 arms", 6000, "problems") as one:
        one.note = "3 refused"
        looked.now += 10
        one.reach(1500)
        assert looked.look(0) == (
            "stylerep: rendering 4 arms: 1,500 of 6,000 problems, 3 refused, 10 s passed, 30 s left\n"
        )


def test_a_bar_that_someone_left_open_is_not_written_into(monkeypatch: pytest.MonkeyPatch) -> None:
    with Looked(monkeypatch) as looked, stage("a file's \x1b[31mname"):
        sys.stderr.write("\r 10%|#  ")
        assert looked.look(20) == "\nstylerep: a file's \\x1b[31mname, 20 s passed\n"


def test_what_cannot_be_counted_is_described_all_the_same() -> None:
    one = Stage("reading responses", None, "rows")
    one.began = 0.0
    one.reach(1234)
    assert described(one, 200.0) == "reading responses: 1,234 rows, 3 min 20 s passed"
    assert [in_words(one) for one in (0.4, 119.4, 120, 3599, 3600 * 2 + 60 * 5)] == [
        "0 s",
        "119 s",
        "2 min 0 s",
        "59 min 59 s",
        "2 h 5 min",
    ]


def test_a_quick_command_says_nothing_and_leaves_stderr_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = fresh_stderr(monkeypatch)
    with showing("working") as one:
        assert one.label == "working"
        assert is_shown()
    assert stderr.getvalue() == ""
    assert sys.stderr is stderr
    assert not is_shown()


def test_a_thread_shows_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stderr = fresh_stderr(monkeypatch)
    monkeypatch.setattr(shown, "_LINES_AFTER", 0.0)
    monkeypatch.setattr(shown, "_LOOK", 0.01)
    monkeypatch.setattr(shown, "_QUIET", (0.0,))
    with showing("starting"), showing("within it", bar=False), stage("reading", 7):
        until = time.monotonic() + 10
        while "reading" not in stderr.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
    assert "stylerep: reading: 0 of 7, " in stderr.getvalue()
    assert capsys.readouterr().out == ""


def test_a_terminal_gets_a_bar_which_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(shown, "_BAR_AFTER", 0.0)
    monkeypatch.setattr(shown, "_LOOK", 0.01)
    with showing("starting"), stage("reading runs", 40, "runs") as one:
        one.reach(10)
        until = time.monotonic() + 10
        while "10 of 40 runs" not in stream.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
        print("a note", file=sys.stderr)
    assert "reading runs: 10 of 40 runs" in stream.getvalue()
    assert "a note" in stream.getvalue()
    assert sys.stderr is stream
    assert stream.getvalue().endswith("\x1b[2K")  # the bar's line is cleared


def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = fresh_stderr(monkeypatch)
    monkeypatch.setenv(shown.VARIABLE, "off")
    with showing("working"):
        assert not is_shown()
        assert sys.stderr is stderr


def test_of_several_processes_one_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    with showing("working"):
        assert not is_shown()


def test_a_closed_pipe_ends_the_display_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    monkeypatch.setattr(shown, "_LINES_AFTER", 0.0)
    monkeypatch.setattr(shown, "_LOOK", 0.01)
    with showing(Stage("working")):
        time.sleep(0.1)


def test_stages_of_other_kinds_say_themselves_what_is_to_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(Stage):
        def seen(self) -> Stage:
            return Stage("what a library does")

    with Looked(monkeypatch) as looked, at_work(Other("lm_eval")):
        assert looked.look(4) == "stylerep: what a library does, 0 s passed\n"
