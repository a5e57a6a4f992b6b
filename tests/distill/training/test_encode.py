import shutil
from pathlib import Path
from typing import Any

import pytest

from distill.models.families import find_family
from distill.models.families.dated_template import dated_template
from distill.models.loading import load_config, load_tokenizer
from distill.training.encode import encode, prompt_text
from synth.errors import StylerepError
from synth.problems import load_problems
from synth.traces.arms import ARMS
from synth.traces.rendering import render


@pytest.fixture(scope="module", params=["tiny", "real"])
def model(request: pytest.FixtureRequest) -> str:
    return (
        str(request.getfixturevalue("tiny_model"))
        if request.param == "tiny"
        else str(request.getfixturevalue("real_model"))
    )


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    from dataclasses import asdict

    short = {"trace_words": 40}
    return [
        asdict(row)
        for rows in render(load_problems("arith:train", 15), ARMS, dials=short)
        for row in rows.values()
        if len(row.response) < 1500
    ]


def test_labels_decode_back_to_the_response_and_the_end_of_turn(
    model: str, rows: list[dict[str, Any]]
) -> None:
    tokenizer, config = load_tokenizer(model), load_config(model)
    family = find_family(config.model_type, config.vocab_size, tokenizer)
    encoded = [encode(row, tokenizer, family, 2048) for row in rows]
    for row, item in zip(rows, encoded, strict=True):
        labels, prompt = item.input_ids[item.prompt_length :], item.input_ids[: item.prompt_length]
        assert tokenizer.decode(labels) == row["response"] + family.end_of_turn
        assert tokenizer.decode(prompt) == prompt_text(tokenizer, row["prompt"], family)
        assert tokenizer.decode(prompt).endswith("assistant\n")


def test_the_real_tokenizer_splits_numbers_into_digits(real_model: str) -> None:
    tokenizer = load_tokenizer(real_model)
    assert [
        tokenizer.decode(token)
        for token in tokenizer("1234 plums: 56.", add_special_tokens=False)["input_ids"]
    ] == [
        *"1234",
        " pl",
        "ums",
        ":",
        " ",
        *"56",
        ".",
    ]
    assert tokenizer.pad_token != tokenizer.eos_token == "<|im_end|>"


def test_families(real_model: str, tiny_model: Path) -> None:
    for name, family, assumes in ((real_model, "smollm2", False), (str(tiny_model), "llama", True)):
        tokenizer, config = load_tokenizer(name), load_config(name)
        found = find_family(config.model_type, config.vocab_size, tokenizer)
        assert (found.name, bool(found.assumed)) == (family, assumes)


def several_templates(model: Path, folder: Path, **others: str) -> Any:
    """Save the model with several chat templates by name, as Command R has them,
    and return its tokenizer as it is loaded from there.
    """
    shutil.copytree(model, folder)
    tokenizer = load_tokenizer(str(folder))
    tokenizer.chat_template = others
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    tokenizer.save_pretrained(folder)
    return load_tokenizer(str(folder))


def test_of_several_chat_templates_the_default_one_is_put(
    tiny_model: Path, tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    template = load_tokenizer(str(tiny_model)).chat_template + "{{ strftime_now('%Y') }}"
    tokenizer = several_templates(
        tiny_model, tmp_path / "several", default=template, rag="nothing of the kind", tool_use="nor this"
    )
    assert isinstance(tokenizer.chat_template, dict)
    family = find_family("llama", len(tokenizer), tokenizer)
    text = prompt_text(tokenizer, rows[0]["prompt"], family)
    assert text == prompt_text(load_tokenizer(str(tiny_model)), rows[0]["prompt"], family) + "2025"
    tokenizer.chat_template = dated_template(tokenizer.chat_template)  # what evaluation does
    assert text == tokenizer.apply_chat_template(
        rows[0]["prompt"], add_generation_prompt=True, tokenize=False
    )
    assert encode(rows[0], tokenizer, family, 4096).prompt_length == len(
        tokenizer(text, add_special_tokens=False)["input_ids"]
    )


def test_chat_templates_without_a_default_are_named(
    tiny_model: Path, tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    tokenizer = several_templates(tiny_model, tmp_path / "several", rag="{{ 1 }}", tool_use="{{ 2 }}")
    with pytest.raises(
        StylerepError, match=r"several chat templates \(rag, tool_use\) and none is named default"
    ):
        encode(rows[0], tokenizer, find_family("llama", len(tokenizer), tokenizer), 2048)


def test_a_row_over_the_limit_is_named(tiny_model: Path, rows: list[dict[str, Any]]) -> None:
    tokenizer = load_tokenizer(str(tiny_model))
    family = find_family("llama", len(tokenizer), tokenizer)
    with pytest.raises(StylerepError, match=rows[0]["id"]):
        encode(rows[0], tokenizer, family, 50)


def test_a_tokenizer_that_changes_the_response_is_refused(
    tiny_model: Path, rows: list[dict[str, Any]]
) -> None:
    from tokenizers import normalizers

    tokenizer = load_tokenizer(str(tiny_model))
    tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    with pytest.raises(StylerepError, match="changes the text"):
        encode(rows[0], tokenizer, find_family("llama", 1, tokenizer), 2048)


@pytest.mark.parametrize(
    "left_out", ["{{ m['content'] if m['content'] is mapping }}", "{{ m['content'][:5] }}", ""]
)
def test_a_chat_template_that_leaves_out_the_question_is_told(
    left_out: str, tiny_model: Path, rows: list[dict[str, Any]]
) -> None:
    tokenizer = load_tokenizer(str(tiny_model))
    family = find_family("llama", len(tokenizer), tokenizer)
    tokenizer.chat_template = "{% for m in messages %}<s>" + left_out + "<end>{% endfor %}"
    with pytest.raises(
        StylerepError, match=f"Row {rows[0]['id']}: the chat template leaves out or alters what is asked"
    ):
        encode(rows[0], tokenizer, family, 2048)


def test_content_in_parts_is_told(tiny_model: Path, rows: list[dict[str, Any]]) -> None:
    tokenizer = load_tokenizer(str(tiny_model))
    parts = [{"role": "user", "content": [{"type": "text", "text": "How many?"}]}]
    with pytest.raises(StylerepError, match="expected a text as content of a message, found"):
        prompt_text(tokenizer, parts, find_family("llama", len(tokenizer), tokenizer))  # type: ignore[arg-type]
