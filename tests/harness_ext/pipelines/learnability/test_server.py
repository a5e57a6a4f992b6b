"""A server's log-probabilities of echoed tokens give what the same model gives here."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

import stylerep
from distill.models.loading import load_model, load_tokenizer
from harness_ext.backends.lm_eval.echoed_scores import read_echo
from synth.errors import StylerepError
from synth.traces.synthesis import synth
from tests.conftest import one_sentence
from tests.harness_ext.pipelines.learnability.echo_server import echo_server

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("data")
    made = synth("arith:train", ["hc", "nt"], folder, n=4, dials={"trace_words": 40}, decontaminate=False)
    return list(made.values())


def served(path: Path, tops: int | None = None) -> Callable[[dict[str, Any]], Any]:
    """Answer as a server that runs the model in a folder; it names *tops* likeliest tokens at most."""
    tokenizer, model = load_tokenizer(str(path)), load_model(str(path), torch.float32).eval()

    @cache
    def table(ids: tuple[int, ...]) -> torch.Tensor:
        with torch.inference_mode():
            logs: torch.Tensor = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        return logs

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        assert request["echo"] is True
        (prompt,) = request["prompt"] if isinstance(request["prompt"], list) else (request["prompt"],)
        if isinstance(prompt, str):
            encoded = tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True)
            ids, offsets = encoded["input_ids"], [start for start, _ in encoded["offset_mapping"]]
        else:
            ids, offsets = prompt, list(range(len(prompt)))
        logs = table(tuple(ids))
        named = request["logprobs"] if tops is None else min(tops, request["logprobs"])
        likeliest: list[Any] = [None]
        for place, token in enumerate(ids[1:]):
            best = logs[place].topk(named)
            found = dict(zip(map(str, best.indices.tolist()), best.values.tolist(), strict=True))
            likeliest.append({**found, str(token): logs[place, token].item()})
        values = [None, *(logs[place, token].item() for place, token in enumerate(ids[1:]))]
        text = prompt if isinstance(prompt, str) else ""
        written = {  # and the one token that lm_eval has written
            "tokens": ["?"] * (len(ids) + 1),
            "token_logprobs": [*values, -0.5],
            "top_logprobs": [*likeliest, {"x": -0.5}],
            "text_offset": [*offsets, len(text)],
        }
        return {"choices": [{"index": 0, "text": text + "x", "logprobs": written}]}

    return answer


@pytest.mark.parametrize("sends", [True, False])
def test_a_server_gives_what_the_model_gives_here(
    sends: bool, tiny_model: Path, data: list[Path], tmp_path: Path
) -> None:
    here, there = tmp_path / "here.parquet", tmp_path / "there.parquet"
    stylerep.learnability(tiny_model, data, here)
    with echo_server(served(tiny_model)) as url:
        report = stylerep.learnability(
            "local-completions",
            data,
            there,
            model_args={
                "base_url": url,
                "model": "student",
                "tokenizer": str(tiny_model),
                "top_logprobs": 100,
                "num_concurrent": 2,
                "tokenized_requests": sends,
            },
        )
    assert report.model == "student"
    for one, other in zip(pq.read_table(here).to_pylist(), pq.read_table(there).to_pylist(), strict=True):
        assert other["base_sha256"] is None
        for name in one:
            if name not in ("model", "base_sha256"):
                near = pytest.approx(one[name], rel=0.02) if isinstance(one[name], float) else one[name]
                assert other[name] == near, name


def test_ranks_beyond_those_named_are_missing(
    stylerep_here: Run, tiny_model: Path, data: list[Path], tmp_path: Path
) -> None:
    with echo_server(served(tiny_model, tops=3)) as url:
        done = stylerep_here(
            *("learnability", *data, "--model", "local-completions", "--out", "rows.parquet"),
            *("--model_args", f"base_url={url},model=student,tokenizer={tiny_model}"),
        )
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    # of a row of few tokens, all may be among the three likeliest
    missing = [row for row in rows if row["rank"] is None]
    assert f"Ranks of {len(missing)} rows are missing" in done.stderr
    assert all(row["surprisal"] > 0 for row in rows)
    assert [row["id"] for row in missing if row["arm"] == "hc"] == [
        row["id"] for row in rows if row["arm"] == "hc"
    ]


def bent(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    said = {
        "token_logprobs": [None, -1.0, -2.0, -3.0],
        "top_logprobs": [None, {"a": -1.0, "b": -3.0}, {"a": -0.5, "b": -2.0}, {"c": -3.0}],
        "text_offset": [0, 1, 2, 3],
    }
    answer = {"choices": [{"text": "abcd", "logprobs": said}]}
    change(answer["choices"][0])
    return answer


def test_ranks_are_known_as_far_as_tokens_are_named() -> None:
    found = read_echo(bent(lambda _: None), "abc", 2)
    assert (found.surprisal, found.ranks, found.reach) == ([None, 1.0, 2.0], [1, 1, 2], 2)
    beyond = bent(lambda one: one["logprobs"]["token_logprobs"].__setitem__(2, -9.0))
    assert read_echo(beyond, [1, 2, 3], 2).ranks == [1, 1, 3]
    # each token is the last of two: beside one that the server names, or the second of two
    last = bent(lambda one: one["logprobs"]["token_logprobs"].__setitem__(1, -4.0))
    assert read_echo(last, [1, 2, 3], 2).reach == 1
    assert read_echo(last, [1, 2, 3], 2).ranks == [1, 2, 2]
    last["choices"][0]["logprobs"]["top_logprobs"][2]["c"] = -3.5
    assert read_echo(last, [1, 2, 3], 2).reach == 2  # of as many as were asked for
    unnamed = read_echo(bent(lambda one: one["logprobs"].pop("top_logprobs")), [1, 2, 3], 2)
    assert unnamed.reach == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda one: one.pop("logprobs"), "gives no log-probabilities"),
        (lambda one: one.update(logprobs=None), "gives no log-probabilities"),
        (lambda one: one["logprobs"].update(token_logprobs="no"), "gives no log-probabilities"),
        (lambda one: one["logprobs"]["token_logprobs"].extend([-1.0] * 3), "doesn't say where"),
        (lambda one: one["logprobs"]["token_logprobs"].__setitem__(2, None), "token 2 the log-prob"),
        (lambda one: one["logprobs"]["token_logprobs"].__setitem__(1, 3.0), "token 1 the log-prob"),
        (lambda one: one["logprobs"]["token_logprobs"].__setitem__(1, float("nan")), "token 1 the log-prob"),
        (lambda one: one["logprobs"].update(text_offset=[0, 3, 1, 2]), "doesn't say where"),
        (lambda one: one.update(text="another"), "doesn't give back the text"),
    ],
)
def test_an_answer_that_is_none_is_told(change: Callable[[dict[str, Any]], Any], sentence: str) -> None:
    with pytest.raises(StylerepError, match=sentence):
        read_echo(bent(change), "abc", 2)


@pytest.mark.parametrize("answer", [None, [], {}, {"choices": []}, {"choices": [3]}, "text", 4.0])
def test_what_is_no_answer_is_told(answer: Any) -> None:
    with pytest.raises(StylerepError, match="gives no log-probabilities"):
        read_echo(answer, [1, 2, 3], 2)


def test_other_tokens_than_those_sent_are_told() -> None:
    with pytest.raises(StylerepError, match="was sent 9 tokens and gives 4 log-probabilities"):
        read_echo(bent(lambda _: None), [1] * 9, 2)


@pytest.mark.parametrize(
    ("model_args", "answer", "sentence"),
    [
        ("model=student", {}, "needs base_url"),
        ("base_url={url},model=student,tokenizer={model}", b"<html>", "isn't JSON"),
        ("base_url={url},model=student,tokenizer={model}", 400, "answered with status 400"),
        ("base_url={url},model=student,tokenizer={model}", {"choices": []}, "gives no log-probabilities"),
        ("base_url={url},model=student,tokenizer=nowhere/at-all", {}, "tokenizer=NAME"),
        ("base_url={url},model=student,tokenizer={model},top_logprobs=0", {}, "top_logprobs=0: expected"),
    ],
)
def test_what_a_user_or_server_gets_wrong_is_a_sentence(
    model_args: str,
    answer: Any,
    sentence: str,
    stylerep_here: Run,
    tiny_model: Path,
    data: list[Path],
    tmp_path: Path,
) -> None:
    with echo_server(lambda _: answer) as url:
        done = stylerep_here(
            *("learnability", *data, "--model", "local-completions", "--out", "rows.parquet", "--model_args"),
            f"{model_args.format(url=url, model=tiny_model)},max_retries=1",
        )
    assert sentence in one_sentence(done)
    assert not (tmp_path / "rows.parquet").exists()
