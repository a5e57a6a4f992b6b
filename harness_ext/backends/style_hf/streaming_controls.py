"""Controls of style for engines that choose each token once: unwanted text is forbidden before it's written.

`harness_ext.backends.style_hf.control` goes back in a response where a pivot or the end of a trace was
written; here there is no going back. What differs for it:

- A token that completes a phrase of a suppressed kind is forbidden, although a later token might have undone
  it: "Wait" before "er", "Wait" before " for me". A word that is one token ("Waiter", "await") is never
  touched. See `harness_ext.backends.style_hf.phrase_trie.Completions`.
- The end of a trace is not taken back but kept from coming: while texts are still to be forced, no token can
  be chosen that begins the closing tag or ends the turn, and where one of these is the likeliest the text is
  forced. With sampling this comes where the end would have been likeliest, not where it would have been
  drawn. See `harness_ext.backends.style_hf.closing_tag.Closing` for what may be left of a tag.
- White space that ends the text stays before what is forced; no second empty line is added to one.
- A trace is closed at its budget, or after a text that is being forced then.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import torch

from harness_ext.backends.style_hf.closing_tag import ClosingTag
from harness_ext.backends.style_hf.control_settings import Controls
from harness_ext.backends.style_hf.phrase_trie import PhraseTrie
from harness_ext.backends.style_hf.sequence_text import Pieces, SequenceText, encode_after
from synth.style import LANGUAGES, load_lexicon

_NEVER = float("-inf")


class ForbiddenTokens:
    """What the responses of one model share: the controls, and what each token of the vocabulary would
    write.
    """

    def __init__(
        self,
        controls: Controls,
        close: str,
        pieces: Pieces,
        vocabulary: int,
        encode: Callable[[str], list[int]],
    ) -> None:
        """*close* is the tag that closes a trace, *vocabulary* the number of tokens, and *encode* turns text
        into tokens, adding none of its own.
        """
        self.controls, self.close, self.pieces = controls, close, pieces
        self._encode = encode
        texts = (
            [pieces.of([token]) for token in range(vocabulary)]
            if controls.suppress or controls.budget_forcing
            else []
        )
        self.closing = ClosingTag(close, texts)
        self._phrase_trie = (
            [PhraseTrie(load_lexicon(language), controls.suppress, texts) for language in LANGUAGES]
            if controls.suppress
            else []
        )
        self._indices: dict[tuple[Any, ...], torch.Tensor] = {}

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text that follows another one."""
        return encode_after(self._encode, self.pieces, text)

    def forbid_pivots(self, text: str, logits: torch.Tensor) -> None:
        """Forbid in *logits* (vocabulary) what would complete a pivot of the suppressed kinds after
        *text*.
        """
        for number, completions in enumerate(self._phrase_trie):
            if found := completions.after(text):
                self._forbid(logits, (number, found), lambda one=completions, of=found: one.tokens(of))  # type: ignore[misc]

    def forbid_ends(self, text: str, ends: frozenset[int], logits: torch.Tensor) -> None:
        """Forbid in *logits* (vocabulary) what would begin the closing tag after *text*,
        and the tokens *ends*.
        """
        self._forbid(logits, ("end", self.closing.begun(text), ends), lambda: self.closing.after(text) | ends)

    def _forbid(
        self, logits: torch.Tensor, key: tuple[Any, ...], tokens: Callable[[], Iterable[int]]
    ) -> None:
        key = (*key, logits.device, len(logits))
        if key not in self._indices:
            self._indices[key] = torch.tensor(
                sorted(token for token in tokens() if token < len(logits)),
                dtype=torch.long,
                device=logits.device,
            )
        logits.index_fill_(0, self._indices[key], _NEVER)


class StreamingControls:
    """The controls of one response.

    `waits` counts the texts forced so far, and `closed` says whether its trace has been closed.
    """

    def __init__(self, forbidden: ForbiddenTokens, ends: Collection[int]) -> None:
        """Begin; *ends* are the tokens that end a turn."""
        self._forbidden, self._ends = forbidden, frozenset(ends)
        self._text = SequenceText(forbidden.pieces)
        self._place, self._queue = 0, list[int]()
        self.tokens: list[int] = []
        self.waits, self.closed = 0, False

    def change(self, written: Sequence[int], logits: torch.Tensor) -> torch.Tensor:
        """Change *logits* (vocabulary) in place, and return them, for the token that follows the tokens
        *written* (a response's, not its prompt's).
        """
        self._read(written)
        if not self._forced():
            self._look(logits)
        if queue := self._forced():
            logits.fill_(_NEVER)
            logits[queue[0]] = 0.0
            return logits
        controls = self._forbidden.controls
        if not self.closed and self.waits < controls.budget_forcing:
            self._forbidden.forbid_ends(self._text.text, self._ends, logits)
        if controls.suppress:
            self._forbidden.forbid_pivots(self._text.text, logits)
        return logits

    def _read(self, written: Sequence[int]) -> None:
        known = len(self.tokens)
        newest = [int(token) for token in written[known:]]
        before = len(self._text.text)
        self.tokens += newest
        self._text.add(newest)
        close = self._forbidden.close
        self.closed = self.closed or self._text.text.find(close, max(0, before - len(close))) >= 0

    def _forced(self) -> list[int]:
        """Return the tokens that are still to be forced."""
        return self._queue[len(self.tokens) - self._place :]

    def _look(self, logits: torch.Tensor) -> None:
        """Queue what is to be forced here."""
        controls, text = self._forbidden.controls, self._text.text
        if self.closed:
            return
        if controls.think_budget is not None and len(self.tokens) >= controls.think_budget:
            close, begun = self._forbidden.close, self._forbidden.closing.begun(text)
            before = "" if begun or not text or text.endswith("\n") else "\n"
            self._force(f"{before}{close[begun:]}\n\n{controls.answer_text}")
        elif (
            self.waits < controls.budget_forcing
            and int(logits.argmax()) in self._forbidden.closing.after(text) | self._ends
        ):
            self.waits += 1
            breaks = len(text) - len(text.rstrip("\n")) if text else 2
            self._force("\n" * max(0, 2 - breaks) + controls.forcing_text)

    def _force(self, text: str) -> None:
        self._place, self._queue = len(self.tokens), self._forbidden.encode(text)
