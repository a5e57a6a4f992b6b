"""The length of a trace: a budget that closes it, and its end taken back (Muennighoff et al., 2025,
arXiv:2501.19393, "budget forcing").
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness_ext.backends.style_hf.control import SequenceView
from synth.formats import CLOSE, OPEN

_BEGINNING = 200


@dataclass(frozen=True, slots=True)
class ThinkingBudget:
    """Holds traces to a length.

    A trace goes from the beginning of a response to the tag `close` of its family, or to that of our own data
    sets, which adapters write whatever their family has. A response that ends without one has ended its trace
    there. Its end is taken back `times` times, and `forcing_text` put in its place on a line of its own.
    After `budget` tokens, if there is one, the trace is closed by the tag of the two that fits its beginning,
    and the answer begun with `answer_text`.
    """

    close: str
    times: int
    forcing_text: str
    budget: int | None
    answer_text: str

    def look(self, views: Sequence[SequenceView]) -> None:
        """Close traces that used up their budget; take back the end of those that are to go on."""
        for view in views:
            if view.sequence.closed is None and view.sequence.ended not in {"stop", "length"}:
                self._look(view)

    def _look(self, view: SequenceView) -> None:
        sequence, text = view.sequence, view.text.text
        newest = view.text.ends[-2] if len(view.text.ends) > 1 else 0
        tag = min(
            (
                place
                for close in {self.close, CLOSE}
                if (place := text.find(close, max(0, newest - len(close)))) >= 0
            ),
            default=-1,
        )
        if self.budget is not None and sequence.count >= self.budget and tag < 0:
            close = CLOSE if OPEN in text[:_BEGINNING] else self.close
            view.put(len(text.rstrip()), f"\n{close}\n\n{self.answer_text}", "answer")
            sequence.closed = sequence.count
        elif tag >= 0 or sequence.ended == "end":
            if sum(one.why == "wait" for one in sequence.forced) < self.times:
                view.put(
                    len(text[: tag if tag >= 0 else len(text)].rstrip()), f"\n\n{self.forcing_text}", "wait"
                )
            elif tag >= 0:
                sequence.closed = sequence.count
