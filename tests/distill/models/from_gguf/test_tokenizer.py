"""Tokenizers cut text as llama.cpp does, whose tokens of the same strings are kept here as checksums."""

import base64
import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from benchmarks.tokenizer_agreement import COUNT, checksum, encoded, varied_strings
from distill.models.from_gguf.header import read_header
from distill.models.from_gguf.tokenizer import build_tokenizer, implied_merges
from distill.models.loading import load_tokenizer
from distill.models.packaged import NAMED
from distill.models.pretrained import pulled_folder
from synth.errors import StylerepError
from tests.distill.tiny_gguf import NORMAL, tiny_model, write_gguf

LLAMA_CPP = json.loads(Path(__file__).with_name("llama_cpp_tokens.json").read_text(encoding="utf-8"))
"""Of each model, four bytes for each of `varied_strings`, by `benchmarks.tokenizer_agreement`."""


def pulled(name: str) -> str:
    if pulled_folder(name) is None:
        pytest.skip(f"{name} has not been pulled (stylerep models pull {name})")
    return name


def test_llama_cpp_has_been_asked_about_every_model() -> None:
    assert LLAMA_CPP.keys() == NAMED.keys()
    assert len(set(varied_strings())) >= 2_000


@pytest.mark.parametrize("name", list(NAMED))
def test_a_pulled_tokenizer_cuts_strings_as_llama_cpp_does(name: str) -> None:
    strings, theirs = varied_strings(), base64.b64decode(LLAMA_CPP[name])
    assert len(theirs) == 4 * COUNT
    ours = encoded(pulled(name), strings)
    differ = [strings[n] for n in range(COUNT) if checksum(ours[n]) != theirs[4 * n : 4 * n + 4]]
    assert differ == []


@pytest.mark.parametrize("name", [name for name in NAMED if name.startswith("qwen")])
def test_a_word_that_llama_cpp_takes_for_a_control_token_is_text(name: str) -> None:
    tokenizer = load_tokenizer(pulled(name))
    assert tokenizer("</s>").input_ids == tokenizer.convert_tokens_to_ids(["</", "s", ">"])


@pytest.mark.parametrize("name", list(NAMED))
def test_a_pulled_tokenizer_gives_composed_text_back(name: str) -> None:
    tokenizer = load_tokenizer(pulled(name))
    for text, ids in zip(varied_strings()[:300], encoded(name, varied_strings()[:300]), strict=True):
        assert tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False) == text


def test_merges_follow_from_scores() -> None:
    tokens, scores = ["a", "b", "ab", "aba", "ba", "c"], [-9.0, -9.0, -2.0, -1.0, -3.0, -4.0]
    merges = implied_merges(tokens, [NORMAL] * 6, scores)
    assert merges == [("a", "ba"), ("ab", "a"), ("a", "b"), ("b", "a")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tokenizer]:
    """The tokenizers of tiny files."""
    folder = tmp_path_factory.mktemp("tokenizers")
    files = {name: write_gguf(folder / name, name, tiny_model(name)) for name in ("llama", "qwen2", "gemma3")}
    return {name: build_tokenizer(read_header(file)) for name, file in files.items()}


def test_pieces_runs_of_spaces_and_bytes(made: dict[str, Tokenizer]) -> None:
    tokenizer = made["gemma3"]

    def cut(text: str) -> list[str]:
        return tokenizer.convert_ids_to_tokens(tokenizer(text, add_special_tokens=False).input_ids)

    assert tokenizer.convert_ids_to_tokens(tokenizer("the").input_ids) == ["<bos>", "the"]
    assert cut("the an  12\n\n\né") == [*("the", "▁", "an", "  ", "12", "\n\n", "\n", "<0xC3>", "<0xA9>")]
    assert cut("     x<eos>") == ["   ", "  ", "x", "<eos>"]
    assert tokenizer.all_special_tokens == ["<bos>", "<eos>", "<unk>", "<pad>"]


@pytest.mark.parametrize(("name", "numbers"), [("llama", ["1", "2", "1"]), ("qwen2", ["1", "2", "1"])])
def test_digits_are_alone_and_control_tokens_whole(
    made: dict[str, Tokenizer], name: str, numbers: list[str]
) -> None:
    tokenizer = made[name]
    cut = tokenizer.convert_ids_to_tokens(tokenizer("hello w121<|im_end|><tool>").input_ids)
    assert cut == ["hello", "Ġw", *numbers, "<|im_end|>", "<tool>"]
    assert tokenizer.decode(tokenizer("a<tool><|im_end|>").input_ids, skip_special_tokens=True) == "a<tool>"


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("tokenizer.ggml.model", "bert", "of the sort 'bert'"),
        ("tokenizer.ggml.pre", "dbrx", "cuts text as 'dbrx' does; known are qwen2, smollm"),
        ("tokenizer.ggml.add_eos_token", True, "ends every text with EOS"),
    ],
)
def test_a_tokenizer_that_is_not_known_is_refused(tmp_path: Path, key: str, value: object, says: str) -> None:
    header = read_header(write_gguf(tmp_path / "tiny.gguf", "qwen2", tiny_model("qwen2")))
    header.metadata[key] = value
    with pytest.raises(StylerepError, match=says):
        build_tokenizer(header)
