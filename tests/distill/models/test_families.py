"""Every family: recognised, encoded, trained, saved, and read back by lm_eval; and a family of a user's
own.
"""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from rich.console import Console
from safetensors.torch import load_file

from distill.models.families import Family, family_files, find_family, model_family
from distill.models.families.special_tokens import readable_text, special_ids
from distill.models.loading import load_config, load_tokenizer
from distill.training.encode import completion, encode, prompt_ids, prompt_text
from distill.training.recipe import Recipe
from distill.training.train import distill
from harness_ext.backends.lm_eval import evaluate
from harness_ext.pipelines.validate_families import validate_families
from harness_ext.runs.run_folder import sample_files
from harness_ext.scoring.documents import documents
from synth.errors import StylerepError
from synth.formats import CLOSE, OPEN, prompt_opening, split_response, with_opening
from synth.traces.synthesis import synth
from tests.conftest import one_sentence
from tests.distill.tiny_families import SHAPES, Shape, build, build_tokenizer

FAMILIES = sorted(SHAPES)
QUESTION = "What is 3 + 4?"


@functools.cache
def tokenizer_and_family(name: str) -> tuple[Any, Family]:
    tokenizer = build_tokenizer(SHAPES[name])
    return tokenizer, find_family(
        SHAPES[name].model_type, SHAPES[name].vocab_size or len(tokenizer), tokenizer
    )


def row(response: str, question: str = QUESTION) -> dict[str, Any]:
    return {"id": "row-7", "prompt": [{"role": "user", "content": question}], "response": response}


def traced(trace: str, answer: str) -> str:
    return f"{OPEN}\n{trace}\n{CLOSE}\n\n{answer}"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return synth(
        "arith:train:min_steps=1:max_steps=1",
        ["nt", "hc"],
        tmp_path_factory.mktemp("data"),
        n=8,
        dials={"trace_words": 10},
    )


def test_every_family_file_is_sound_and_has_a_tiny_model_to_be_tried_on() -> None:
    checks = list(validate_families())
    assert [check.family for check in checks] == FAMILIES
    assert not [problem for check in checks for problem in check.problems]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_recognised(name: str) -> None:
    _, family = tokenizer_and_family(name)
    assert (family.name, family.assumed) == (name, "")


@pytest.mark.parametrize("name", FAMILIES)
@settings(max_examples=30)
@given(trace=st.text(), answer=st.text(), has_trace=st.booleans())
@example(trace="  Wait 🤔, 让我检查。\r\n\tÅ = Å ", answer=" \n 12 € ", has_trace=True)
@example(trace="", answer="The answer is 12.", has_trace=False)
def test_labels_decode_back_and_no_tag_is_dropped_or_doubled(
    name: str, trace: str, answer: str, has_trace: bool
) -> None:
    tokenizer, family = tokenizer_and_family(name)
    response = traced(trace, answer) if has_trace else answer
    refused = tokenizer.convert_ids_to_tokens(sorted(special_ids(tokenizer)))  # see the next test
    assume(
        not any(tag in response for tag in (*refused, "[THINK]", "[/THINK]"))
        and not any(tag in trace + answer for tag in (OPEN, CLOSE))
    )
    prompt = prompt_text(tokenizer, row(response)["prompt"], family)
    encoded = encode(row(response), tokenizer, family, 10_000)
    labels = encoded.input_ids[encoded.prompt_length :]
    assert tokenizer.convert_ids_to_tokens(labels[-1]) == family.end_of_turn
    text = tokenizer.decode(labels[:-1])
    assert text == readable_text(tokenizer, labels, family.kept_ids(tokenizer))
    if not prompt.endswith(f"{OPEN}\n"):
        assert text == response
    elif has_trace:
        assert f"{OPEN}\n{text}" == response  # the prompt's tag is the response's
    else:
        assert text == f"{CLOSE}\n\n{response}"
    written = prompt.rpartition(QUESTION)[2] + text
    assert (written.count(OPEN), written.count(CLOSE)) == (1, 1) or (not has_trace and OPEN not in written)


@pytest.mark.parametrize("name", FAMILIES)
def test_special_tokens_in_a_response_are_refused(name: str) -> None:
    tokenizer, family = tokenizer_and_family(name)
    shape = SHAPES[name]
    for token in {shape.eos, *shape.special} - {*family.think, OPEN, CLOSE}:
        with pytest.raises(StylerepError, match="Row row-7: the response holds") as error:
            encode(row(traced(f"It says {token} here.", "12")), tokenizer, family, 10_000)
        assert token in str(error.value)


def test_the_prompt_is_the_same_on_every_day() -> None:
    for name in ("granite", "smollm3", "ministral"):
        tokenizer, family = tokenizer_and_family(name)
        assert "01 January 2025" in prompt_text(tokenizer, row("")["prompt"], family)
    tokenizer, family = tokenizer_and_family("llama3")
    assert "26 Jul 2024" in prompt_text(tokenizer, row("")["prompt"], family)


@pytest.mark.parametrize("name", ["qwen3", "smollm3"])
def test_a_trace_after_an_empty_one_is_refused(name: str) -> None:
    tokenizer, family = tokenizer_and_family(name)
    quick = Family(name, family.end_of_turn, template_arguments={"enable_thinking": False})
    with pytest.raises(StylerepError, match="Row row-7: the chat template has written a trace of its own"):
        encode(row(traced("One.", "Two.")), tokenizer, quick, 10_000)
    assert tokenizer.decode(encode(row("Two."), tokenizer, quick, 10_000).input_ids).endswith(
        f"{CLOSE}\n\nTwo.{family.end_of_turn}"
    )


def test_a_trace_that_begins_late_is_refused_where_the_prompt_opens_one() -> None:
    tokenizer, family = tokenizer_and_family("deepseek_r1")
    with pytest.raises(StylerepError, match="Row row-7: the chat template ends with <think>"):
        encode(row(f"Well. {traced('One.', 'Two.')}"), tokenizer, family, 10_000)
    assert completion(f"A{OPEN}\n", f"{OPEN}One.{CLOSE}Two.", family.think) == f"One.{CLOSE}Two."


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("[THINK]", "[/THINK]"),
        ("<longcat_think>\n", "</longcat_think>"),
        ("<think:ab12>", "</think:ab12>"),
        ("<|inner_prefix|>", "<|inner_suffix|>"),
    ],
)
def test_a_trace_goes_on_in_the_tags_that_the_prompt_opens(opening: str, closing: str) -> None:
    prompt = f"A{opening}"
    written = completion(prompt, traced("One.", "Two."), (OPEN, CLOSE))
    split = split_response(opening + written)
    assert (split.trace, split.answer, closing in written) == ("One.", "Two.", True)
    assert completion(prompt, "Two.", (OPEN, CLOSE)) == f"{closing}\n\nTwo."


def test_think_tags_that_would_vanish_are_refused() -> None:
    tokenizer, family = tokenizer_and_family("phi4")
    silent = Family("phi4", family.end_of_turn)
    with pytest.raises(StylerepError, match="Row row-7: the think tag <think> is a special token"):
        encode(row(traced("One.", "Two.")), tokenizer, silent, 10_000)
    encode(row(traced("One.", "Two.")), tokenizer, family, 10_000)


def test_a_prompt_that_the_template_refuses_is_named() -> None:
    tokenizer, family = tokenizer_and_family("gemma2")
    with pytest.raises(
        StylerepError, match=r"Row row-7: The chat template refuses the prompt \(System role not supported\)"
    ):
        encode(
            {**row("Two."), "prompt": [{"role": "system", "content": "Be brief."}]}, tokenizer, family, 10_000
        )


def test_base_models_end_with_the_token_they_know() -> None:
    instruct = SHAPES["qwen2_5"]
    base = build_tokenizer(
        Shape(
            "qwen2",
            "<|endoftext|>",
            ["<|im_start|>", "<|im_end|>"],
            turn=instruct.turn,
            generation=instruct.generation,
        )
    )
    assert find_family("qwen2", len(base), base).end_of_turn == "<|endoftext|>"
    llama = build_tokenizer(
        Shape(
            "llama",
            "<|end_of_text|>",
            ["<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"],
            bos="<|begin_of_text|>",
            adds_bos=True,
        )
    )
    family = find_family("llama", len(llama), llama)
    assert (family.name, family.end_of_turn) == ("llama3", "<|end_of_text|>")
    encoded = encode(row("Seven."), llama, family, 100)
    assert llama.decode(encoded.input_ids) == f"<|begin_of_text|>{QUESTION}Seven.<|end_of_text|>"


def test_distils_of_llama_are_not_taken_for_llama() -> None:
    shape, llama = SHAPES["deepseek_r1"], SHAPES["llama3"]
    tokenizer = build_tokenizer(
        Shape(
            "llama",
            shape.eos,
            [llama.eos, *llama.special],
            shape.plain,
            bos=shape.bos,
            turn=shape.turn,
            generation=shape.generation,
        )
    )
    assert find_family("llama", len(tokenizer), tokenizer).name == "deepseek_r1"


def test_a_model_without_a_family_file_says_what_was_assumed() -> None:
    shape = Shape("stablelm", "</s>", [OPEN, CLOSE], turn="{{ m['content'] }}</s>")
    tokenizer = build_tokenizer(shape)
    family = find_family("stablelm", len(tokenizer), tokenizer)
    assert (
        family.assumed
        == "no family file matches this stablelm model; assumed: turns end with </s>, the chat template as it"
        " is, think tags <think> and </think> (special tokens), adapters on all linear layers"
    )
    encode(row(traced("One.", "Two.")), tokenizer, family, 100)


@pytest.fixture
def own_families(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "families"
    folder.mkdir()
    monkeypatch.setenv("STYLEREP_FAMILIES", str(folder))
    return folder


def test_two_files_that_match_equally_are_both_named(own_families: Path) -> None:
    tokenizer, _ = tokenizer_and_family("llama3")
    text = (
        'name: copy\nmatch: {model_type: llama, tokens: ["<|start_header_id|>",'
        ' "<|end_header_id|>"]}\nend_of_turn: "<|eot_id|>"\n'
    )
    (own_families / "copy.yaml").write_text(text)
    with pytest.raises(StylerepError, match=r"copy\.yaml and .*llama3\.yaml equally well"):
        find_family("llama", len(tokenizer), tokenizer)
    (own_families / "copy.yaml").write_text(text.replace('"]', '", "<|eot_id|>"]'))
    assert find_family("llama", len(tokenizer), tokenizer).name == "copy"


def test_a_file_whose_name_ends_otherwise_is_not_passed_over(own_families: Path) -> None:
    (own_families / "mine.yml").write_text("name: mine\n")
    with pytest.raises(StylerepError, match=r"mine\.yml: family files are named NAME\.yaml"):
        family_files()
    with pytest.raises(StylerepError, match=r"mine\.yml"):
        list(validate_families(folder=own_families))


def test_an_own_file_of_the_same_name_stands_for_ours(own_families: Path) -> None:
    (own_families / "gpt2.yaml").write_text(
        'name: gpt2\nmatch: {model_type: gpt2}\nend_of_turn: "<|endoftext|>"\nlora_targets: [c_attn]\n'
    )
    tokenizer, _ = tokenizer_and_family("gpt2")
    assert find_family("gpt2", len(tokenizer), tokenizer).lora_targets == ["c_attn"]
    assert len(family_files()) == len(FAMILIES)


def test_the_tags_of_a_family_file_are_read_without_an_entry_anywhere_else(own_families: Path) -> None:
    response = "{ponder}Two and three.{/ponder}The answer is 5."
    (own_families / "mine.yaml").write_text(
        'name: mine\nmatch: {model_type: llama}\nend_of_turn: "</s>"\nthink: {open: "{ponder}", close:'
        ' "{/ponder}"}'
    )
    split = split_response(response)
    assert (split.trace, split.answer) == ("Two and three.", "The answer is 5.")
    assert split_response(response.partition("{/")[0]).truncated
    assert prompt_opening("Think first. {ponder}\n") == "{ponder}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", "this is not valid YAML"),
        ("- 1", "expected a mapping, found [1]"),
        ('name: mine\nend_of_turn: "</s>"', "the key 'match' is missing"),
        (
            'name: yours\nmatch: {model_type: llama}\nend_of_turn: "</s>"',
            "line 1: name: this is 'yours', and the file is named mine.yaml",
        ),
        (
            'name: mine\nmatch: {model_type: lama}\nend_of_turn: "</s>"',
            "transformers has no 'lama'; did you mean llama?",
        ),
        (
            'name: mine\nmatch: {model_type: llama, size: 3}\nend_of_turn: "</s>"',
            "line 2: match: there is no key 'size'",
        ),
        (
            "name: mine\nmatch: {model_type: llama, vocab_size: many}\nend_of_turn: 3",
            "line 2: match.vocab_size: expected a whole number",
        ),
        (
            "name: mine\nmatch: {model_type: llama}\nend_of_turn: 3",
            "line 3: end_of_turn: expected a text, found 3",
        ),
        (
            'name: mine\nmatch: {model_type: llama}\nend_of_turn: "</s>"\ncolour: red',
            "there is no key 'colour'",
        ),
        (
            'name: mine\nmatch: {model_type: llama}\nend_of_turn: "</s>"\nlora_targets: [embed_tokens]',
            "expected no embeddings and no output layer",
        ),
        (
            'name: mine\nmatch: {model_type: llama}\nend_of_turn: "</s>"\nlora_targets: "("',
            "a regular expression (this is none: ",
        ),
        (
            'name: mine\nmatch: {model_type: llama}\nend_of_turn: "</s>"\ndefaults: {learning_rate: 6e-5}',
            "write 6.0e-5",
        ),
        (
            'name: mine\nmatch: {model_type: llama}\nend_of_turn: "</s>"\nthink: {open: <t>, close: <t>}',
            "think: expected two different tags",
        ),
        (
            'name: mine\nmatch: {model_type: llama}\nend_of_turn: "</s>"\nthink: 3',
            "think: expected a mapping, found 3",
        ),
        (
            (
                'name: mine\nmatch: {model_type: llama}\nend_of_turn: "</s>"\ntemplate_arguments: {a:'
                " 2024-01-01}"
            ),
            "template_arguments.a: expected",
        ),
        (
            'name: mine\nmatch: {model_type: [3]}\nend_of_turn: "</s>"',
            "match.model_type[0]: expected a text, found 3",
        ),
        (
            "name: mine\nmatch: {model_type: llama}\nend_of_turn: !!binary aGk=",
            "line 3: !!binary is not read here",
        ),
        ('name: mine\nmatch: {model_type: gpt2}\nend_of_turn: "</s>"', "takes the same gpt2 models as"),
        (
            'name: mine\nmatch: {model_type: llama, tokens: ["<|eot_id|>", "<|end|>"]}\nend_of_turn: "</s>"',
            "takes the same llama models as",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    (check,) = validate_families(["mine"], tmp_path)
    assert any(says in problem for problem in check.problems), check.problems


@pytest.fixture
def perfect(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Have lm_eval's models generate, and then answer as if they had learned one response by heart:
    its labels, then padding.
    """
    from lm_eval.models.huggingface import HFLM

    seen: dict[str, Any] = {}
    generate = HFLM._model_generate

    def generated(
        self: Any, context: torch.Tensor, max_length: int, stop: list[str], **options: Any
    ) -> torch.Tensor:
        generate(self, context, max_length, stop, **options)
        seen["context"], seen["ends"] = (
            context[0].tolist(),
            options.get("eos_token_id") or self.model.generation_config.eos_token_id,
        )
        return torch.cat([context, torch.tensor([[*seen["labels"], self.tokenizer.pad_token_id]])], dim=1)

    monkeypatch.setattr(HFLM, "_model_generate", generated)
    return seen


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_trains_two_steps_and_is_read_by_lm_eval_as_it_was_trained(
    name: str, data: dict[str, Path], tmp_path: Path, perfect: dict[str, Any]
) -> None:
    model = build(SHAPES[name], tmp_path / "model")
    adapter = distill(
        str(model),
        data["hc"],
        tmp_path / "hc",
        Recipe(epochs=1, batch_size=4, learning_rate=1e-3),
        Console(quiet=True),
    )
    manifest = json.loads((adapter / "manifest.json").read_text())
    assert manifest["family"] == name
    weights = load_file(adapter / "adapter_model.safetensors")
    assert not any(part in weight for weight in weights for part in ("embed", "lm_head", "wte", "wpe"))
    assert any(bool(value.abs().sum() > 0) for weight, value in weights.items() if "lora_B" in weight)

    tokenizer = load_tokenizer(str(model))
    family = model_family(load_config(str(model)), tokenizer)
    question, response = (
        documents(problems="arith:test", items=1)["test"][0]["prompt"],
        traced(" Wait, 让我检查 🤔.", "The answer is 12."),
    )
    encoded = encode(row(response, question), tokenizer, family, 2048)
    perfect["labels"] = encoded.input_ids[encoded.prompt_length :]
    evaluate(
        [
            *(
                "--model",
                "hf",
                "--model_args",
                f"pretrained={model},peft={adapter}",
                "--device",
                "cpu",
                "--tasks",
                "style_arith",
                "--limit",
                "1",
            ),
            *("--gen_kwargs", "max_gen_toks=4", "--output_path", str(tmp_path / "run")),
        ]
    )
    (samples,) = sample_files(tmp_path / "run").values()
    sample = json.loads(samples.read_text(encoding="utf-8"))
    prompt = prompt_text(tokenizer, row("", sample["doc"]["prompt"])["prompt"], family)
    assert perfect["context"] == prompt_ids(tokenizer, prompt)
    assert (
        tokenizer.convert_tokens_to_ids(family.end_of_turn)
        in torch.tensor(perfect["ends"]).flatten().tolist()
    )
    assert sample["resps"][0][0] == with_opening(prompt, completion(prompt, response, family.think))
    assert sample["trace_closed"] == 1.0


def test_an_invented_family_is_added_as_one_file(
    stylerep_here: Callable[..., Any], tmp_path: Path, data: dict[str, Path]
) -> None:
    shape = Shape(
        "llama",
        "<eos>",
        ["<turn>", "</turn>"],
        bos="<bos>",
        head="{{ bos_token }}{% if mood == 'calm' %}(calm){% endif %}",
        turn="<turn>{{ m['role'] }}: {{ m['content'] }}</turn>",
        generation="<turn>assistant: ",
    )
    build(shape, tmp_path / "parley")
    own = {"STYLEREP_FAMILIES": "my_families"}
    (tmp_path / "my_families").mkdir()
    (tmp_path / "my_families" / "parley.yaml").write_text(
        '# Invented.\nname: parley\nmatch: {model_type: llama, tokens: ["<turn>", "</turn>"]}\nend_of_turn:'
        ' "</turn>"\ntemplate_arguments: {mood: calm}\nlora_targets: [q_proj, v_proj]\n'
    )
    checked = stylerep_here("validate", "families", "parley", **own)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "parley: ok (model type llama, </turn>, <turn>; turns end with </turn>)" in checked.stdout
    trained = stylerep_here(
        "distill",
        "--model",
        "./parley",
        "--data",
        data["hc"],
        "--epochs",
        1,
        "--batch-size",
        4,
        "--out",
        "hc",
        **own,
    )
    assert trained.returncode == 0, trained.stderr[-2000:]
    assert "assumed" not in trained.stderr
    manifest = json.loads((tmp_path / "hc" / "manifest.json").read_text())
    assert (manifest["family"], manifest["template_arguments"], manifest["recipe"]["learning_rate"]) == (
        "parley",
        {"mood": "calm"},
        1e-3,
    )
    run = [
        "eval",
        "--model",
        "hf",
        "--model_args",
        "pretrained=./parley,peft=hc",
        "--tasks",
        "style_arith",
        "--limit",
        2,
        "--gen_kwargs",
        "max_gen_toks=8",
    ]
    evaluated = stylerep_here(*run, "--output_path", "run", **own)
    assert evaluated.returncode == 0, evaluated.stderr[-2000:]
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["family"] == "parley"
    (samples,) = sample_files(tmp_path / "run").values()
    argument = json.loads(samples.read_text(encoding="utf-8").splitlines()[0])["arguments"]["gen_args_0"][
        "arg_0"
    ]
    assert argument.startswith("<bos>(calm)<turn>user: ")
    assert "let STYLEREP_FAMILIES name the folder" in one_sentence(
        stylerep_here(*run, "--output_path", "other")
    )
