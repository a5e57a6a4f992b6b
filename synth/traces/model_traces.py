"""Traces that models wrote, taken apart so that the arms can be made of them: `stylerep synth --from`."""

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from synth.errors import StylerepError
from synth.formats import split_response
from synth.formats.audit import Audit
from synth.grading.answers import final_answer, is_right, plain_number
from synth.problems import Problem
from synth.responses import Response
from synth.seeding import digest, generator
from synth.style import Lexicon
from synth.traces.arm_traces import ArmInput
from synth.traces.arms import Arm, TraceRow
from synth.traces.taken_apart import take_apart
from synth.traces.trace import Trace
from synth.traces.trace_rows import BATCH, RowMaker, batches
from synth.traces.wrong_answers import wrong_answer

_LATEX = re.compile(r"[\\^{}]")


@dataclass
class Taken:
    """How many responses were left out, for each reason, and what may have been read wrongly in any."""

    left_out: dict[str, int] = field(default_factory=dict)
    audit: Audit = field(default_factory=Audit)

    def leave_out(self, reason: str) -> None:
        """Count a response that is not used."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def emergent_rows(
    responses: Iterable[Response], arms: list[Arm], lexicon: Lexicon, seed: int, taken: Taken, n: int | None
) -> Iterator[dict[str, TraceRow]]:
    """Yield the rows of right responses that have a trace, the first *n* of them, by arm;
    *taken* is told of every response.

    A response is right where its file says so or its answer is the one that its file gives. Raises
    StylerepError where neither is said.
    """
    maker = RowMaker(arms, lexicon, seed, "emergent", hashlib.sha256(b"emergent").hexdigest()[:16])
    wanted = any(arm.wrong for arm in arms)
    items = (
        item for response in responses if (item := _item(response, lexicon, seed, wanted, taken)) is not None
    )
    for batch in batches(itertools.islice(items, n), BATCH):
        yield from maker.rows(batch)
    yield from maker.finish()


def _item(
    response: Response, lexicon: Lexicon, seed: int, wrong_wanted: bool, taken: Taken
) -> ArmInput | None:
    if response.is_correct is None and response.answer is None:
        raise StylerepError(
            f"{response.where}: neither whether the response is right nor the right answer is said; traces"
            " are only made of right responses."
        )
    split = split_response(response.text)
    kind = _answer_type(response.answer or final_answer(response.text) or "")
    stated = final_answer(response.text, kind)
    taken.audit.add(response.text, split, response.where, stated is not None)
    if stated is None:
        taken.leave_out("no answer is stated")
        return None
    right = (
        response.is_correct
        if response.is_correct is not None
        else is_right(stated, response.answer or "", kind)
    )
    if not right:
        taken.leave_out("the answer is wrong")
        return None
    if not split.trace or split.truncated:
        taken.leave_out("there is no whole trace")
        return None
    asked = digest(response.model, response.task, response.question)
    problem = Problem(
        id=f"{response.task}-{asked % 10**10}-{response.row}-{response.sample}",
        source=f"{response.model}/{response.task}",
        question=response.question,
        answer=response.answer or stated,
        answer_type=kind,
        steps=(),
        wrong_answers=_wrong_answers(stated, kind, response.question),
    )
    whole = take_apart(response.text, stated, kind, lexicon)
    wrong = (
        wrong_answer(
            Problem(problem.id, "", "", _plain(stated), kind, (), wrong_answers=problem.wrong_answers), seed
        )
        if wrong_wanted
        else None
    )
    if wrong_wanted and (wrong is None or not whole.can_state(wrong)):
        taken.leave_out("its answer cannot be made wrong")
        return None

    def make(pivots: bool, answer: str) -> Trace:
        return whole.trace(pivots, answer if answer == wrong else stated)

    return ArmInput(problem, wrong, make, lambda words, stated: whole.trace(True, stated))


def _answer_type(answer: str) -> str:
    if plain_number(answer) is not None:
        return "number"
    return "latex" if _LATEX.search(answer) else "text"


def _wrong_answers(stated: str, kind: str, question: str) -> tuple[str, ...]:
    if kind != "latex":
        return ()
    from synth.problems.wrong_latex import wrong_latex

    return wrong_latex(stated, generator("emergent", question, stated), question)


def _plain(stated: str) -> str:
    from synth.arithmetic import number_text

    value = plain_number(stated)
    return stated if value is None else number_text(value)
