"""The sentences of a trace as they are put down, held against the style that it is to have.

Before each sentence the style so far is compared with the target, and what is missing is chosen next (error
diffusion, as in halftoning; Floyd & Steinberg 1976): a sentence that opens as in speech, the first person, a
longer sentence, a list mark. So each trace meets its own target, whatever its length.
"""

import bisect
import random
from dataclasses import dataclass, field

from synth.style import KINDS
from synth.traces.writing.content import Item
from synth.traces.writing.phrasebook import Form, Phrasebook
from synth.traces.writing.pivot_schedule import REALIZATION, Schedule
from synth.traces.writing.target import TraceTarget

# Cumulative shares of lines with one, two, three sentences; the others have four.
_LINE = (0.5, 0.78, 0.93)
# Words to every line that says nothing of its own.
_PER_ASIDE, _PER_SHORT_ASIDE = 40, 25
# Words after which a line may be said again.
_AGAIN = 40


@dataclass(slots=True)
class Sentence:
    """A sentence in parts; `turn` numbers the wrong turn that it belongs to, 0 for none."""

    text: str
    clause: bool
    lead: str = ""
    lead_joins: bool = False
    before: str = ""
    join: str = ""
    turn: int = 0


@dataclass(slots=True)
class TraceLine:
    """A line of a trace: list mark and sentences, all of one stage."""

    stage: str
    mark: str = ""
    sentences: list[Sentence] = field(default_factory=list)


class TracePage:
    """The lines written so far, and the counts that style is made of.

    `stage` is that of the next line. `rested` says that the last line said nothing of its own, `onward` that
    the next sentence takes up the steps again after a check.
    """

    def __init__(
        self,
        target: TraceTarget,
        book: Phrasebook,
        schedule: Schedule,
        stage: str,
        questions: int,
        rng: random.Random,
    ) -> None:
        self.lines: list[TraceLine] = []
        self.words = 0
        self.stage = stage
        self.rested = self.onward = False
        self._target, self._book, self._schedule, self._questions_due, self._random = (
            target,
            book,
            schedule,
            questions,
            rng.random,
        )
        self._left_in_line = self._asides = 0
        self._sentences = self._openers = self._first = self._questions = self._equations = (
            self._formatted
        ) = self._numbered = 0
        self._repeatable: list[tuple[str, int]] = []
        self._used: set[int] = set()

    def begin(self, stage: str) -> None:
        """Go on with a stage, on a new line."""
        self.stage = stage
        self._left_in_line = 0

    def end_line_soon(self) -> None:
        """Let at most one more sentence stand in this line."""
        self._left_in_line = min(self._left_in_line, 1)

    @property
    def lacks_equations(self) -> bool:
        """Whether there are fewer equations than there should be by now."""
        return self._target.equations * self.words / 100 > self._equations

    @property
    def too_long(self) -> bool:
        """Whether sentences are longer than they should be."""
        return self.words > self._target.sentence_words * self._sentences

    @property
    def may_ask(self) -> bool:
        """Whether a question is lacking."""
        return self._questions_due > 0 and self._target.questions * self.words / 100 > self._questions

    def asked(self, ask: str) -> str:
        """Return what the problem asks, as a question where the trace is to hold one."""
        if not ask.endswith(("?", "\uff1f")) or (self._questions_due and self._random() < 0.5):
            return ask
        return ask[:-1] + ("." if ask.endswith("?") else "\u3002")

    def say(self, item: Item, kind: int | None = None, turn: int = 0) -> None:
        """Put an item down in a wording that suits, led in by a pivot of a kind."""
        form = self._choose(item[0])
        self._put(form, self._book.fill(form, item[1]), kind, turn)

    def say_as_it_stands(self, text: str, kind: int | None) -> None:
        """Put a sentence down as it is, on a line of its own unless a pivot leads to it,
        so that it can be said again.
        """
        self._left_in_line = 0
        self._append(*self._led(Sentence(text, False), kind), listed=False)
        self._equations += text.count("=")
        self._left_in_line = 0
        if kind is None:
            self._repeatable.append((text, self.words + _AGAIN))

    def say_fresh(self, macro: str, kind: int | None = None) -> bool:
        """Put down a line of a macro that has not been used yet; False where none was found."""
        for _ in range(4):
            form = self._choose(macro)
            if id(form) not in self._used:
                self._used.add(id(form))
                self._put(form, form.text, kind)
                return True
        return False

    def say_aside(self, macro: str, kind: int | None) -> bool:
        """Put down a line that says nothing of its own, if there have not been too many."""
        if (_PER_SHORT_ASIDE if self.too_long else _PER_ASIDE) * self._asides > self.words:
            return False
        self._asides += 1
        self.rested = self.say_fresh(macro, kind)
        return self.rested

    def say_again(self) -> bool:
        """Put a line down again that was put down as it stands, a while after."""
        if not self._repeatable or self.words < self._repeatable[0][1]:
            return False
        text, _ = self._repeatable.pop(0)
        self._left_in_line = 0
        self._append(Sentence(text, False), self._book.words(text), 1, listed=False)
        self._left_in_line = 0
        return True

    def lead(self, kind: int, clause: bool, rejects: bool = False) -> Form:
        """Choose a lead-in; one that holds two pivots only where two are to come,
        and then it stands for both.
        """
        macro = "correction" if rejects and kind == REALIZATION and self._random() < 0.5 else KINDS[kind]
        for _ in range(4):
            lead = self._book.lead(macro, clause, self.may_ask, self._random())
            if lead.pivots == 1 or self._schedule.take(kind):
                return lead
        return lead

    def _choose(self, macro: str) -> Form:
        """Choose a form by what is lacking: the first person, a longer or shorter sentence."""
        if not self.words:  # nothing is lacking yet
            return self._book.macros[macro].forms[int(self._random() * len(self._book.macros[macro].forms))]
        forms = self._book.macros[macro].by_voice[
            self._target.first_person * self.words / 100 - self._first > 0.5
        ]
        n = len(forms)
        if n == 1:
            return forms[0]
        i = int(self._random() * ((n + 2) // 2))
        return forms[i] if self.too_long else forms[n - 1 - i]

    def _put(self, form: Form, text: str, kind: int | None, turn: int = 0) -> None:
        """Put a sentence down, led in by a pivot, or opened, voiced or joined as the style needs."""
        book, sentence = self._book, Sentence(text, form.clause, turn=turn)
        words, begins = book.words(text), 1 + text.count(book.stop_within, 0, -1)
        if kind is not None:
            sentence, lead_words, lead_begins = self._led(sentence, kind)
            words, begins = lead_words, begins + lead_begins - 1
        elif self.onward and not turn:
            self.onward = False
            onward = book.onward(self._random())
            sentence.before = onward.text
            words += onward.words
            self._openers += onward.openers
        else:
            words, begins = self._opened(sentence, form, words, begins)
        self._openers += form.openers
        self._first += form.first_person
        if "?" in text or (not book.spaced and "\uff1f" in text):
            self._count_question()
        self._equations += text.count("=")
        self._append(sentence, words, begins, listed=kind is None and not turn)

    def _led(self, sentence: Sentence, kind: int | None) -> tuple[Sentence, int, int]:
        """Let a pivot of a kind lead into a sentence;
        return it with its words and how many sentences it begins.
        """
        words = self._book.words(sentence.text)
        if kind is None:
            return sentence, words, 1
        lead = self.lead(kind, sentence.clause, sentence.turn > 0)
        sentence.lead, sentence.lead_joins = lead.text, lead.joins
        self._openers += lead.openers
        self._first += lead.first_person
        if lead.question:
            self._count_question()
        return sentence, words + lead.words, 1 + (not lead.joins)

    def _opened(self, sentence: Sentence, form: Form, words: int, begins: int) -> tuple[int, int]:
        """Put an opener or voice before a sentence, or join it to the one before;
        return its words and how many sentences it begins.
        """
        target, book = self._target, self._book
        if not form.openers and target.openers * (self.words + words) / 100 - self._openers > self._random():
            opener = book.opener(form.clause, self._random())
            sentence.before = opener.text
            words += opener.words
            self._openers += 1
        elif form.clause and self._left_in_line and not sentence.turn and not self.too_long:
            sentence.join = book.join(self._random())
            begins -= 1
        if form.statement and target.first_person * self.words / 100 - self._first > 0.1:
            voice = book.voice(self._random())
            sentence.before = book.side_by_side(sentence.before, voice.text)
            words += voice.words
            self._first += 1
        return words, begins

    def _append(self, sentence: Sentence, words: int, begins: int, *, listed: bool) -> None:
        """Add a sentence to the line, or to a new one, with a list mark where these are lacking."""
        missing = self._target.formatted * (len(self.lines) + 1) - self._formatted
        if not self._left_in_line or (listed and missing > 0.7):
            mark = self._mark() if listed and missing > 0.3 else ""
            self._formatted += bool(mark)
            self.lines.append(TraceLine(self.stage, mark))
            self._left_in_line = 1 + bisect.bisect_left(_LINE, self._random())
        self.lines[-1].sentences.append(sentence)
        self._left_in_line -= 1
        self.words += words
        self._sentences += begins

    def _mark(self) -> str:
        if self._target.numbered * (self.words + 20) / 100 - self._numbered > 0.22:
            self._numbered += 1
            return f"{self._numbered}. "
        return "- "

    def _count_question(self) -> None:
        self._questions += 1
        self._questions_due = max(0, self._questions_due - 1)
