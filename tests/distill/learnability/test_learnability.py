"""What is said of a row's learnability is what the model's own likelihoods say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from distill.learnability.measure import learnability_of, measure, student_row
from distill.learnability.parts import NONE, PARTS, part_of_characters
from distill.models.families import model_family
from distill.models.loading import load_config, load_model, load_tokenizer
from distill.reading.reader import TokenScores, TreeReader
from synth.errors import StylerepError
from synth.problems import iter_problems
from synth.traces.arms import TraceRow
from synth.traces.rendering import render
from tests.distill.tiny_families import SHAPES, build


def rows_of(arms: list[str], n: int = 3, source: str = "chain") -> list[dict[str, TraceRow]]:
    return render(list(iter_problems(source, n, 0)), arms, dials={"trace_words": 120})


def as_dict(row: TraceRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in TraceRow.__slots__}


def student(family: str, folder: Path) -> tuple[Any, Any, Any]:
    torch.manual_seed(0)
    path = str(build(SHAPES[family], folder))
    tokenizer, config = load_tokenizer(path), load_config(path)
    return load_model(path, torch.float32), tokenizer, model_family(config, tokenizer)


def text_of(codes: Any, text: str, part: str) -> str:
    code = PARTS.index(part)
    return "".join(character if own == code else "\0" for character, own in zip(text, codes, strict=True))


@pytest.mark.parametrize("opened", ["", "<think>\n"])
def test_every_character_is_of_its_part(opened: str) -> None:
    row = as_dict(rows_of(["hc"])[0]["hc"])
    text = row["response"].removeprefix(opened)
    codes = part_of_characters(row, text)
    pivots = [one for one in text_of(codes, text, "pivot").split("\0") if one]
    assert [one.lower() for one in pivots] == [one["phrase"] for one in row["pivots"]]
    conclusion = text_of(codes, text, "conclusion").replace("\0", "")
    assert conclusion.endswith(f"The answer is {row['answer']}.")
    assert "leads" in text_of(codes, text, "step")
    tags = "".join(c for c, own in zip(text, codes, strict=True) if own == NONE).split()
    assert tags == (["<think>", "</think>"] if not opened else ["</think>"])


def test_an_answer_alone_is_conclusion_and_full_stops_are_of_no_part() -> None:
    rows = rows_of(["nt", "dots"])[0]
    alone, dots = as_dict(rows["nt"]), as_dict(rows["dots"])
    assert set(part_of_characters(alone, alone["response"])) == {PARTS.index("conclusion")}
    codes = part_of_characters(dots, dots["response"])
    assert codes[dots["response"].index(". .")] == NONE
    assert codes[-1] == PARTS.index("conclusion")


@pytest.mark.parametrize("family", ["smollm2", "deepseek_r1", "phi4", "gpt2"])
def test_a_row_is_scored_by_the_tokens_that_training_would_teach(family: str, tmp_path: Path) -> None:
    model, tokenizer, its = student(family, tmp_path)
    rows = [as_dict(row) for by_arm in rows_of(["hc", "hc_w", "nt"]) for row in by_arm.values()]
    encoded = [student_row(row, tokenizer, its, 4096) for row in rows]
    found = list(measure(TreeReader(model), encoded))
    for own, said in zip(encoded, found, strict=True):
        ids = torch.tensor([list(own.wanted.ids)])
        with torch.no_grad():
            logs = model(input_ids=ids).logits[0, own.wanted.start - 1 : -1].log_softmax(-1)
        nats = -logs.gather(1, ids[0, own.wanted.start :, None])[:, 0]
        assert said["tokens"] == len(nats)
        assert said["surprisal"] == pytest.approx(nats.mean().item(), abs=1e-4)
        assert own.parts is not None
        parts = [(said[f"tokens_{part}"], said[f"surprisal_{part}"]) for part in PARTS]
        assert sum(int(n or 0) for n, _ in parts) == (own.parts != NONE).sum()
        steps = torch.tensor(own.parts == PARTS.index("step"))
        if steps.any():
            assert said["surprisal_step"] == pytest.approx(nats[steps].mean().item(), abs=1e-4)
        else:
            assert said["surprisal_step"] is None


def test_the_rank_surprisal_ratio_is_the_published_one() -> None:
    scores = TokenScores(np.array([0.5, 2.0, 7.5]), np.array([1, 3, 5000]))
    row = student_row_without_parts()
    said = learnability_of(row, scores)
    assert said["rank"] == (1 + 3 + 100) / 3
    assert said["rank_surprisal_ratio"] == (1 + 3 + 100) / (0.5 + 2.0 + 7.5)
    assert said["tokens_step"] is None
    assert learnability_of(row, TokenScores(np.zeros(1), np.ones(1, int)))["rank_surprisal_ratio"] is None


def student_row_without_parts() -> Any:
    from distill.learnability.measure import StudentRow
    from distill.reading.token_tree import WantedTokens

    return StudentRow(WantedTokens([1, 2, 3, 4], 1), None)


def test_arms_of_one_problem_are_read_together(tmp_path: Path) -> None:
    model, tokenizer, its = student("phi4", tmp_path)
    encoded = [
        student_row(as_dict(row), tokenizer, its, 4096)
        for by_arm in rows_of(["hc", "hc_w"])
        for row in by_arm.values()
    ]
    reader = TreeReader(model, 1 << 16)
    list(measure(reader, encoded))
    assert reader.tokens_read < 0.6 * sum(len(row.wanted.ids) for row in encoded)


def test_a_row_that_the_student_has_no_room_for_is_said_without_an_option_of_training(tmp_path: Path) -> None:
    _, tokenizer, its = student("phi4", tmp_path)
    row = as_dict(rows_of(["hc"])[0]["hc"])
    with pytest.raises(StylerepError, match=f"^Row {row['id']}: .* tokens exceed the limit of 20") as raised:
        student_row(row, tokenizer, its, 20)
    assert "leave it out of every arm" in str(raised.value)
    assert "--max-length" not in str(raised.value)
