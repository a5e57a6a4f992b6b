"""lm_eval's cache of responses, whose keys know no model and no draw, mixes up neither."""

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness_ext.backends.lm_eval.response_cache import keep_apart
from tests.conftest import one_sentence
from tests.harness_ext.teacher_server import teacher

Run = Callable[..., Any]
ASKED = ("--tasks", "style_arith", "--limit", "3", "--use_cache", "responses")


def responses(folder: Path) -> list[list[str]]:
    (path,) = folder.rglob("samples_*.jsonl")
    return [json.loads(line)["resps"][0] for line in path.read_text().splitlines()]


def served(url: str, name: str = "m") -> tuple[str, ...]:
    return ("--model", "local-chat-completions", "--model_args", f"base_url={url},model={name},max_retries=1")


def test_another_model_is_asked_itself_and_the_same_one_is_not_asked_again(
    stylerep_here: Run, tmp_path: Path
) -> None:
    with teacher(lambda prompt, before: "The answer is 1.") as one:
        first = stylerep_here("eval", *served(one.url), *ASKED, "--output_path", "first")
        assert first.returncode == 0, first.stderr
        assert "--use_cache: lm_eval would take one model's responses for another's" in first.stderr
        again = stylerep_here("eval", *served(one.url), *ASKED, "--output_path", "again")
        assert again.returncode == 0, again.stderr
        assert len(one.asked) == 3
        other = stylerep_here("eval", *served(one.url, "other"), *ASKED, "--output_path", "other")
        assert other.returncode == 0, other.stderr
        assert [request["model"] for request in one.asked] == ["m"] * 3 + ["other"] * 3
    assert responses(tmp_path / "first") == responses(tmp_path / "again") == [["The answer is 1."]] * 3


def test_draws_from_a_cache_are_as_many(stylerep_here: Run, tmp_path: Path) -> None:
    drawn = ("--repeats", "3", "--gen_kwargs", "do_sample=true,temperature=0.8")
    with teacher(lambda prompt, before: f"The answer is {before}.") as one:
        done = stylerep_here("eval", *served(one.url), *ASKED, *drawn, "--output_path", "run")
        assert done.returncode == 0, done.stderr
        seeds = [request["seed"] for request in one.asked]
    assert [len(set(draws)) for draws in responses(tmp_path / "run")] == [3, 3, 3]
    assert len(set(seeds)) == 3  # also below the cache each draw has a seed of its own


def test_a_model_without_seeds_is_refused(stylerep_here: Run, tiny_model: Path) -> None:
    drawn = ("--repeats", "3", "--gen_kwargs", "do_sample=true,temperature=0.8,max_gen_toks=4")
    model = ("--model", "hf", "--model_args", f"pretrained={tiny_model}")
    done = stylerep_here("eval", *model, *ASKED, *drawn, "--output_path", "run")
    assert "--use_cache keeps one response to a prompt" in one_sentence(done)


@pytest.mark.parametrize("changed", ["weights", "adapter", "arguments", "model"])
def test_whatever_makes_another_model_has_another_cache(changed: str, tmp_path: Path) -> None:
    weights = tmp_path / "model" / "model.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"one")
    manifest, arguments = {"model": "hf", "adapter_sha256": "a"}, {"pretrained": str(weights.parent)}

    def kept() -> str:
        args = Namespace(use_cache="responses", model_args=arguments)
        keep_apart(args, {**manifest, "limit": 3})
        return str(args.use_cache)

    before = kept()
    assert kept() == before
    assert before.startswith("responses-")
    match changed:
        case "weights":
            weights.write_bytes(b"another")
        case "adapter":
            manifest["adapter_sha256"] = "b"
        case "arguments":
            arguments["dtype"] = "float32"
        case "model":
            manifest["model"] = "vllm"
    assert kept() != before


def test_without_a_cache_nothing_is_changed_or_said(capsys: pytest.CaptureFixture[str]) -> None:
    args = Namespace(model_args={})
    keep_apart(args, {})
    assert not hasattr(args, "use_cache")
    assert capsys.readouterr().err == ""
