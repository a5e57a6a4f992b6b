"""Has a model write the rest of a trace anew from before each sentence, several times: what a sentence adds
to the chance of a right answer.

After Bogdan et al. 2025 (arXiv:2506.19143). Theirs compares draws from before a sentence with those in which
the sentence is one of another meaning; here all draws from before it are compared with draws from after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from distill.models.families.special_tokens import readable_text
from distill.training.encode import prompt_ids
from harness_ext.backends.style_hf.control import ControlLoop
from harness_ext.backends.style_hf.generation import check_architecture, write
from harness_ext.backends.style_hf.sampler import TokenSampler
from harness_ext.backends.style_hf.sequence import TokenSequence
from harness_ext.backends.style_hf.sequence_text import Pieces
from harness_ext.pipelines.probe.items import ProbeItem
from harness_ext.pipelines.probe.sentences import TraceSentence
from harness_ext.pipelines.student import LoadedModel
from synth.formats import split_response, with_opening
from synth.grading.answers import stated_answer
from synth.seeding import digest

_TOGETHER = 64
_SPARE = 64
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Continued:
    """Of draws from one place in a trace: the share that end with the right answer, and with the one that the
    response states (None where it states none).
    """

    right: float
    stated: float | None


class Resampler:
    """Writes traces anew with one model, at temperature 1, each draw by a seed of its own."""

    def __init__(self, loaded: LoadedModel, draws: int, seed: int) -> None:
        """Take a model that style-hf can write with; raise StylerepError for another."""
        check_architecture(loaded.model)
        self._loaded, self._draws, self._seed = loaded, draws, seed
        tokenizer = loaded.tokenizer
        self._kept = loaded.family.kept_ids(tokenizer)
        self._choose = TokenSampler(
            loaded.model, {"do_sample": True, "temperature": 1.0, "top_k": 0, "top_p": 1.0}
        )
        self._ends = self._choose.ends | {tokenizer.convert_tokens_to_ids(loaded.family.end_of_turn)}

    def rows(self, item: ProbeItem, sentences: Sequence[TraceSentence], chosen: Sequence[int]) -> list[Row]:
        """Return a row for each chosen sentence, by number: the shares of draws from before it, and how much
        larger they are from after it.
        """
        places = sorted({place for number in chosen for place in (number, number + 1)})
        ends = [len(item.trace) if place == len(sentences) else sentences[place].start for place in places]
        found = dict(zip(places, self._continued(item, ends), strict=True))
        made = []
        for number in chosen:
            before, after, one = found[number], found[number + 1], sentences[number]
            made.append(
                {
                    **{"task": item.task, "item": item.item, "probe": "resample", "kind": one.kind},
                    **{"stage": one.stage or None, "detail": f"{self._draws} draws", "sentence": number},
                    **{"sentences": len(sentences), "proof": one.proof if one.kind == "step" else None},
                    "share": len(item.trace[: one.start].split()) / max(len(item.trace.split()), 1),
                    **{"p_answer": before.right, "p_stated": before.stated, "p_followed": None},
                    **{"right": None, "keeps": None, "follows": None},
                    "effect": after.right - before.right,
                    "effect_right": after.right - before.right,
                    "effect_stated": _less(after.stated, before.stated),
                    "effect_keeps": _less(after.stated, before.stated),
                }
            )
        return made

    def _continued(self, item: ProbeItem, ends: Sequence[int]) -> list[Continued]:
        tokenizer = self._loaded.tokenizer
        before = prompt_ids(tokenizer, item.prompt)
        sequences: list[TokenSequence] = []
        prefixes: list[str] = []
        for end in ends:
            prefix = f"{item.opening}{item.trace[:end]}".rstrip()
            ids = [*before, *tokenizer(prefix, add_special_tokens=False)["input_ids"]]
            rest = len(tokenizer(item.trace[end:], add_special_tokens=False)["input_ids"])
            limit = max(1, min(2 * rest + _SPARE, self._loaded.longest - len(ids)))
            for draw in range(self._draws):
                seed = digest(self._seed, item.task, item.item, end, draw)
                sequences.append(TokenSequence(len(sequences), list(ids), len(ids), limit, seed))
                prefixes.append(prefix)
        texts = self._written(sequences)
        outcomes = [
            self._outcome(item, with_opening(item.prompt, prefix + text))
            for prefix, text in zip(prefixes, texts, strict=True)
        ]
        return [
            self._shares(item, outcomes[start : start + self._draws])
            for start in range(0, len(outcomes), self._draws)
        ]

    def _written(self, sequences: Sequence[TokenSequence]) -> list[str]:
        tokenizer = self._loaded.tokenizer
        pieces = Pieces(
            lambda ids: str(tokenizer.decode(ids, skip_special_tokens=False)),
            tokenizer("a", add_special_tokens=False)["input_ids"][-1],
        )
        watch = ControlLoop([], pieces, lambda text: list(tokenizer(text)["input_ids"]))
        texts = [""] * len(sequences)
        for one in write(
            self._loaded.model,
            sorted(sequences, key=lambda one: -one.prompt),
            _TOGETHER,
            self._choose,
            watch,
            frozenset(self._ends),
        ):
            texts[one.index] = readable_text(tokenizer, one.written, self._kept)
        return texts

    def _outcome(self, item: ProbeItem, response: str) -> str | None:
        return stated_answer(split_response(response), item.answer_type)

    def _shares(self, item: ProbeItem, outcomes: Sequence[str | None]) -> Continued:
        right = sum(map(item.judges, outcomes)) / len(outcomes)
        stays = sum(map(item.stays, outcomes)) / len(outcomes) if item.stated is not None else None
        return Continued(right, stays)


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
