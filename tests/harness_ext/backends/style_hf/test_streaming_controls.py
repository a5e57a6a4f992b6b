"""Controls that look ahead, with the tokenizer of a real model and a model that prefers a script."""

import copy
import functools
import itertools
import random
import string
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from distill.models.loading import load_tokenizer
from harness_ext.backends.style_hf.control_settings import Controls
from harness_ext.backends.style_hf.phrase_trie import PhraseTrie
from harness_ext.backends.style_hf.sequence_text import Pieces
from harness_ext.backends.style_hf.streaming_controls import ForbiddenTokens, StreamingControls
from synth.formats import split_response
from synth.style import KINDS, load_lexicon

CLOSE = "</think>"
PADDING = 7
"""Sequences of logits that stand for no token."""


@pytest.fixture(scope="module")
def tokenizer(real_model: str) -> Any:
    return load_tokenizer(real_model)


@functools.cache
def forbidden(tokenizer: Any, controls: Controls) -> ForbiddenTokens:
    """Return what is worked out once for all that a tokenizer writes under some controls: seconds of work."""
    pieces = Pieces(
        lambda tokens: str(tokenizer.decode(tokens, clean_up_tokenization_spaces=False)),
        tokenizer("a", add_special_tokens=False)["input_ids"][-1],
    )
    return ForbiddenTokens(
        controls,
        CLOSE,
        pieces,
        len(tokenizer),
        lambda text: list(tokenizer(text, add_special_tokens=False)["input_ids"]),
    )


class Writer:
    """A model that prefers a script, then to end its turn, and " apple" to all else."""

    def __init__(self, tokenizer: Any, controls: Controls) -> None:
        self.tokenizer, self.end, self.instead = (
            tokenizer,
            tokenizer.eos_token_id,
            tokenizer(" apple")["input_ids"][0],
        )
        self.forbidden = forbidden(tokenizer, controls)

    def tokens(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def write(self, script: str | Sequence[int], most: int = 400) -> str:
        tokens = self.tokens(script) if isinstance(script, str) else list(script)
        ahead, written, place = StreamingControls(self.forbidden, {self.end}), list[int](), 0
        while len(written) < most:
            wanted = tokens[place] if place < len(tokens) else self.end
            logits = torch.zeros(len(self.tokenizer) + PADDING)
            logits[wanted], logits[self.instead] = 10.0, 5.0
            chosen = int(ahead.change(written, logits).argmax())
            if chosen == self.end:
                break
            written.append(chosen)
            place += chosen in (wanted, self.instead)
        return str(self.tokenizer.decode(written, clean_up_tokenization_spaces=False))


def pivots(text: str) -> set[str]:
    """What a score of the response counts: of the whole, the trace and the answer."""
    split = split_response(text)
    return {
        pivot.phrase
        for part in (text, split.trace, split.answer)
        for language in ("en", "zh")
        for pivot in load_lexicon(language).find(part)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_no_phrase_of_a_kind_comes_out_wherever_it_stands_and_however_it_is_spelled(
    kind: str, tokenizer: Any
) -> None:
    writer = Writer(tokenizer, Controls(suppress=(kind,)))
    own = [phrase.wording for phrase in load_lexicon().pivots if phrase.label == kind]
    counted, draws = 0, random.Random(4)
    contexts = (
        "",
        "We add them.\n\n",
        "It is 5. ",
        "But ",
        'He says "',
        "<think>\n",
        "So</think>",
        "5.\n**",
        "OK, so, ",
    )
    for wording in own:
        for spelled in (
            wording,
            wording.capitalize(),
            wording.upper(),
            wording.replace("'", "\u2019"),
            wording.replace(" ", "\n"),
        ):
            for before in draws.sample(contexts, 3):
                script = f"{before}{spelled}, 7."
                counted += wording in pivots(script)
                assert not pivots(writer.write(script)) & set(own), script
    assert counted > 5 * len(own)


def test_no_phrase_comes_out_that_is_cut_into_other_tokens(tokenizer: Any) -> None:
    writer, draws = Writer(tokenizer, Controls(suppress=KINDS)), random.Random(5)
    for phrase in load_lexicon().pivots:
        script = f"It is. {phrase.wording.capitalize()}, 3."
        cuts = [0, *sorted(draws.sample(range(1, len(script)), 8)), len(script)]
        parts = [script[start:stop] for start, stop in itertools.pairwise(cuts)]
        assert not pivots(writer.write([token for part in parts for token in writer.tokens(part)])), parts
        assert not pivots(
            writer.write([token for character in script for token in writer.tokens(character)])
        ), script


def test_a_response_of_nothing_but_pivots_has_none(tokenizer: Any) -> None:
    writer, draws = Writer(tokenizer, Controls(suppress=KINDS)), random.Random(6)
    wordings = [phrase.wording for phrase in load_lexicon().pivots]
    for _ in range(40):
        words = "".join(
            draws.choice(wordings)
            + draws.choice([", ", ". ", "\n", " ", "; ", "\n\n", "... ", ' "', "? So "])
            for _ in range(25)
        )
        assert not pivots(writer.write(words.title() if draws.random() < 0.3 else words)), words


def test_words_that_hold_a_phrase_are_not_touched(tokenizer: Any) -> None:
    writer = Writer(tokenizer, Controls(suppress=KINDS))
    for text in (
        "The waiter must await them. Awaiting an answer, the waiter is waiting.",
        "I wait for the bus. They wait, then leave. It is actually even.",
        "An oversight. The algorithm halts. Factually so. The loops end.",
        "So what if the man leaves?",
        "He may alternatively walk. There are maybe ten, and perhaps eleven.",
        "Recombining these, the checkered board is unverifiable.",
        "The wait-time is five minutes.",
    ):
        assert writer.write(text) == text


def test_only_what_a_later_token_would_have_undone_is_lost(tokenizer: Any) -> None:
    writer, lexicon = Writer(tokenizer, Controls(suppress=KINDS)), load_lexicon()
    lost = {
        case
        for cases in lexicon.negative_cases.values()
        for case in cases
        if not pivots(case) and writer.write(case) != case
    }
    words_that_go_on = {"Ohm's law holds.", "Ohmmeters are used."}
    assert lost == words_that_go_on | {
        "Check in at the desk.",
        "He wants to scratch that itch.",
        "Hold on to the rope.",
        "I missed you.",
        "Overall cost is 5.",
        "She said that I missed the bus.",
        "Suppose to be true",
        "Then I forgot my hat.",
        "Wait for me at noon.",
    }


def test_other_kinds_stay(tokenizer: Any) -> None:
    text = "Let me check. Maybe it is 5. In summary, yes."
    assert Writer(tokenizer, Controls(suppress=("realization",))).write(text) == text


@pytest.mark.parametrize("ending", ["", f"\n{CLOSE}\n\n5", CLOSE + "5", f" {CLOSE}\n"])
@pytest.mark.parametrize("times", [1, 3])
def test_exactly_so_many_texts_are_forced_before_a_trace_ends(
    times: int, ending: str, tokenizer: Any
) -> None:
    text = Writer(tokenizer, Controls(budget_forcing=times)).write(f"2 + 3 = 5.{ending}")
    trace, _, answer = text.partition(CLOSE)
    assert trace.rstrip().startswith("2 + 3 = 5." + "\n\nWait" * times)
    assert text.count("Wait") == times
    assert answer.strip() == ending.replace(CLOSE, "").strip()
    assert text.count("</") == (1 if ending else 0)


def test_a_tag_that_is_one_special_token_is_kept_from_coming_too(tokenizer: Any) -> None:
    special = copy.deepcopy(tokenizer)
    special.add_tokens([CLOSE], special_tokens=True)
    writer = Writer(special, Controls(budget_forcing=2, forcing_text="Hmm"))
    assert len(writer.tokens(CLOSE)) == 1
    assert writer.write(f"5.\n{CLOSE}\n\nIt is 5.") == f"5.\n\nHmm\n\nHmm{CLOSE}\n\nIt is 5."


def test_with_sampling_the_end_cannot_be_drawn_while_texts_are_to_be_forced(tokenizer: Any) -> None:
    writer = Writer(tokenizer, Controls(budget_forcing=1))
    logits = torch.zeros(len(tokenizer))
    logits[writer.instead] = 1.0
    StreamingControls(writer.forbidden, {writer.end}).change(writer.tokens("It is 5."), logits)
    assert logits[writer.end] == logits[writer.tokens(CLOSE)[0]] == float("-inf")
    assert torch.isfinite(logits).sum() > len(tokenizer) - 100


@pytest.mark.parametrize("budget", [1, 7, 20])
def test_a_trace_is_closed_at_its_budget_and_the_answer_begun(budget: int, tokenizer: Any) -> None:
    writer = Writer(tokenizer, Controls(think_budget=budget))
    script = "".join(f"{number} + 1 = {number + 1}.\n" for number in range(20, 40))
    text = writer.write(script)
    trace, tag, answer = text.partition(f"{CLOSE}\n\nThe answer is")
    assert tag
    assert trace.rstrip("\n") == tokenizer.decode(writer.tokens(script)[:budget]).rstrip("\n")
    assert (trace + answer).replace("\n", "") == script.replace("\n", "")
    assert not trace.endswith("\n\n")


def test_a_trace_that_is_closed_before_its_budget_is_left_alone(tokenizer: Any) -> None:
    text = f"2 + 3 = 5.\n{CLOSE}\n\nThe sum of two and three is five."
    assert Writer(tokenizer, Controls(think_budget=15)).write(text) == text


def test_a_tag_that_the_budget_falls_into_is_completed(tokenizer: Any) -> None:
    writer = Writer(
        tokenizer, Controls(think_budget=len(Writer(tokenizer, Controls()).tokens("2 + 3 = 5.\n</")))
    )
    assert writer.write("2 + 3 = 5.\n</") == f"2 + 3 = 5.\n{CLOSE}\n\nThe answer is"


def test_all_controls_together(tokenizer: Any) -> None:
    writer = Writer(
        tokenizer,
        Controls(
            think_budget=60, budget_forcing=2, suppress=("verification", "exploration"), answer_text="So:"
        ),
    )
    text = writer.write(f"It is 5. Let me check. Maybe 6.\n{CLOSE}\n\nIt is 5. Perhaps 6.")
    assert text.count("\n\nWait") == 2
    assert text.count(CLOSE) == 1
    assert pivots(text) == {"wait"}


def test_chinese_phrases_are_kept_out() -> None:
    lexicon = load_lexicon("zh")
    letters = sorted({letter for phrase in lexicon.pivots for letter in phrase.wording} | set("，。一二三\n"))
    pieces = [*letters, *(phrase.wording for phrase in lexicon.pivots), *string.digits]
    completions = PhraseTrie(lexicon, KINDS, pieces)
    for phrase in lexicon.pivots:
        for before in ("", "三。", "一\n"):
            text = before + phrase.wording
            if any(pivot.phrase == phrase.wording for pivot in lexicon.find(text)):
                assert pieces.index(phrase.wording) in completions.tokens(completions.after(before)), text
                assert pieces.index(text[-1]) in completions.tokens(completions.after(text[:-1])), text
        assert pieces.index("二") not in completions.tokens(completions.after(phrase.wording))
