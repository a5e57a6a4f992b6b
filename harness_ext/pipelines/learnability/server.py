"""A student behind an address: rows are put into tokens here, and their likelihoods asked of a server."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from distill.learnability.measure import RANK_LIMIT, StudentRow, Value, learnability_of, student_row
from distill.learnability.parts import part_of_characters, part_of_tokens
from distill.models.families import model_family
from distill.models.loading import load_config, load_tokenizer
from distill.reading.reader import TokenScores
from distill.reading.token_tree import WantedTokens
from distill.training.encode import completion, prompt_text
from harness_ext.backends.lm_eval import EchoedTokens, EchoServer, Prompt, public_model_args
from synth.errors import StylerepError
from synth.privacy.secrets import SECRETS

Row = Mapping[str, Any]
# How a server is asked, not what it answers: a measurement may go on with others.
_HOW_ASKED = ("num_concurrent", "max_retries", "timeout", "verify_certificate", "ca_cert_path")


class ServerStudent:
    """A student that a server of completions runs, with the tokenizer and family that are here."""

    def __init__(self, model_args: Mapping[str, Any]) -> None:
        """Take arguments of lm_eval's ``local-completions``. Raises StylerepError for an address or model
        that they don't name, and for a tokenizer that isn't here.
        """
        SECRETS.know_environment()
        SECRETS.found.clear()
        given = SECRETS.resolved(dict(model_args), "--model_args")
        SECRETS.learn(given, "--model_args")
        self._server = EchoServer(given)
        self.name = str(given["model"])
        public = public_model_args(given)
        self.described = {name: value for name, value in sorted(public.items()) if name not in _HOW_ASKED}
        self.at = f"{self.name} at {public['base_url']}"
        named = str(given.get("tokenizer") or self.name)
        try:
            self._tokenizer = load_tokenizer(named)
            self._family = model_family(load_config(named), self._tokenizer)
        except StylerepError as error:
            raise StylerepError(
                "Rows are put into tokens here, with the student's tokenizer: name its model with"
                f" --model_args tokenizer=NAME. {error}"
            ) from error
        self._longest = int(given.get("max_length") or 1 << 30)
        self.unranked = 0
        """Rows of which a token stood beyond the likeliest that the server names."""

    def measure(self, rows: Sequence[Row]) -> Iterator[dict[str, Value]]:
        """Yield what is said of each row, in their order."""
        own = [student_row(row, self._tokenizer, self._family, self._longest) for row in rows]
        texts = [self._text(row) for row in rows] if not self._server.sends_tokens else []
        sent: list[Prompt] = (
            ["".join(text) for text in texts] if texts else [list(one.wanted.ids) for one in own]
        )
        for number, said in enumerate(self._server.scores(sent)):
            student = _as_served(rows[number], *texts[number], said) if texts else own[number]
            yield self._of_row(rows[number], student, said)

    def _text(self, row: Row) -> tuple[str, str]:
        prompt = prompt_text(self._tokenizer, row["prompt"], self._family)
        return prompt, completion(prompt, row["response"], self._family.think)

    def _of_row(self, row: Row, student: StudentRow, said: EchoedTokens) -> dict[str, Value]:
        start = student.wanted.start
        surprisal = [value for value in said.surprisal[start:] if value is not None]
        if len(surprisal) < len(said.surprisal) - start:
            raise StylerepError(f"Row {row['id']}: its prompt is empty: its first token has no likelihood.")
        ranks = np.array(said.ranks[start:], dtype=np.int64)
        ranked = said.reach >= RANK_LIMIT or bool((ranks <= said.reach).all())
        self.unranked += not ranked
        return learnability_of(student, TokenScores(np.array(surprisal, dtype=np.float64), ranks), ranked)


def _as_served(row: Row, prompt: str, text: str, said: EchoedTokens) -> StudentRow:
    """Return a row in the tokens of the server, those of the response wanted."""
    offsets = said.offsets or []
    start = sum(one < len(prompt) for one in offsets)
    places = [one - len(prompt) for one in offsets[start:]]
    spans = list(zip(places, [*places[1:], len(text)], strict=True))
    parts = part_of_tokens(part_of_characters(row, text), text, spans)
    return StudentRow(WantedTokens([], start), parts)
