"""One response that is being written."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Forced(NamedTuple):
    """Tokens of a response that were put there: their first and the one after their last, counted from the
    first after the prompt, and why (wait, answer).
    """

    start: int
    stop: int
    why: str


@dataclass(slots=True, eq=False)
class TokenSequence:
    """A prompt and what has been written after it.

    `ids` are the tokens of both, `prompt` of which are the prompt's, and `limit` is the most new ones. The
    model has read the first `done`; where that is fewer than all, the rest stands already and is read first.
    A token at a place in `bans` is none of those listed there. `seed` is what sampling draws from. `ended`
    says why the sequence is complete: end (the model ended its turn), stop (at a stop string), length, stuck
    (see `harness_ext.backends.style_hf.pivot_suppression`); it is empty while the sequence is written.
    `closed` is the number of new tokens at which the trace had ended, `forced` what was put into the
    response, and `taken_back` how many pivots were.
    """

    index: int
    ids: list[int]
    prompt: int
    limit: int
    seed: int = 0
    done: int = 0
    ended: str = ""
    closed: int | None = None
    forced: list[Forced] = field(default_factory=list)
    taken_back: int = 0
    bans: dict[int, set[int]] = field(default_factory=dict)

    @property
    def written(self) -> list[int]:
        """The tokens after the prompt."""
        return self.ids[self.prompt :]

    @property
    def count(self) -> int:
        """How many tokens were written after the prompt."""
        return len(self.ids) - self.prompt

    def cut(self, count: int) -> None:
        """Keep the first *count* tokens after the prompt and go on from there; the last one kept is read
        again, for what may follow it.
        """
        place = self.prompt + count
        del self.ids[place:]
        self.done = min(self.done, place - 1)
        self.ended = ""
        self.bans = {where: banned for where, banned in self.bans.items() if where <= place}
        self.forced = [one for one in self.forced if one.stop <= count]
        if self.closed is not None and self.closed > count:
            self.closed = None

    def force(self, tokens: list[int], why: str) -> None:
        """Put tokens into the response, as far as its limit allows."""
        tokens = tokens[: self.limit - self.count]
        self.forced.append(Forced(self.count, self.count + len(tokens), why))
        self.ids += tokens
        self.ended = "length" if self.count >= self.limit else ""
