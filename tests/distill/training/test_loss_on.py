"""The loss counts the part of a response that it's told to: its steps, its pivots, its answer."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from distill.models.families import find_family
from distill.models.loading import load_config, load_tokenizer
from distill.training.encode import IGNORED, Encoded, encode, packed, padded
from distill.training.loss_on import LOSS_ON, taught_arm, tokens_left_out, trained_arm
from distill.training.recipe import Recipe
from distill.training.train import distill
from synth.errors import StylerepError
from synth.problems import load_problems
from synth.traces.rendering import render
from synth.traces.synthesis import synth


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synth("arith:train", ["hc", "nt"], folder, n=4, dials={"trace_words": 40, "pivot_density": 4})
    return folder


def rows(arm: str, n: int = 6) -> list[dict[str, Any]]:
    from dataclasses import asdict

    made = render(load_problems("arith:train", n), [arm], dials={"trace_words": 60, "pivot_density": 5})
    return [asdict(one[arm]) for one in made]


def read(model: str) -> tuple[Any, Any]:
    tokenizer, config = load_tokenizer(model), load_config(model)
    return tokenizer, find_family(config.model_type, config.vocab_size, tokenizer)


@pytest.mark.parametrize("arm", ["hc", "sbs", "nt", "hc_w"])
@pytest.mark.parametrize("kind", ["tiny_model", "real_model"])
def test_each_token_of_a_response_belongs_to_one_part(
    kind: str, arm: str, request: pytest.FixtureRequest
) -> None:
    tokenizer, family = read(str(request.getfixturevalue(kind)))
    for row in rows(arm):
        whole = encode(row, tokenizer, family, 2048)
        parts = {name: encode(row, tokenizer, family, 2048, name) for name in LOSS_ON[1:]}
        assert all(one.input_ids == whole.input_ids for one in parts.values())
        places = [place for one in parts.values() for place in one.labelled]
        assert sorted(places) == whole.labelled
        said = {
            name: tokenizer.decode([one.input_ids[place] for place in one.labelled])
            for name, one in parts.items()
        }
        assert said["answer"].endswith(family.end_of_turn)
        assert row["stated_answer"] in said["answer"]
        assert bool(said["pivots"]) == bool(row["pivots"])
        for pivot in row["pivots"]:
            assert row["trace"][pivot["start"] : pivot["end"]] in said["pivots"]
        if not row["trace"]:
            assert not said["steps"]


def test_tokens_across_a_border_belong_to_the_pivot() -> None:
    row = {"id": "a", "trace": "So 3. Wait, 4.", "pivots": [{"start": 6, "end": 10}]}
    text = "<think>\nSo 3. Wait, 4.\n</think>\n\n4"
    spans = [(0, 8), (8, 13), (13, 19), (19, 22), (22, 33), (33, 34)]
    assert [text[first:last] for first, last in spans][2] == " Wait,"
    left_out = {name: tokens_left_out(row, text, spans, name) for name in LOSS_ON}
    assert left_out["all"] == []
    assert left_out["pivots"] == [0, 1, 3, 4, 5, 6]
    assert left_out["steps"] == [2, 4, 5, 6]
    assert left_out["answer"] == [0, 1, 2, 3]
    with pytest.raises(StylerepError, match="Row a: its response does not hold its trace"):
        tokens_left_out(row, "So 3.", [(0, 5)], "steps")


def test_batches_hold_the_labels_that_count_and_none_is_a_pass_that_counts_for_nothing() -> None:
    some = [Encoded([1, 2, 3, 4, 5], 2, frozenset({3})), Encoded([1, 7, 8, 9], 1, frozenset({1, 2}))]
    one, other = packed(some), padded(some, 0)
    assert one["targets"].tolist() == [3, 5, 9]
    assert one["input_ids"][0, one["logits_to_keep"]].tolist() == [2, 4, 8]
    assert other["targets"].tolist() == [[3, IGNORED, 5], [IGNORED, 9, IGNORED]]
    for made in (packed, lambda part: padded(part, 0)):
        nothing = made([Encoded([1, 2, 3], 1, frozenset({1, 2}))])
        assert len(nothing["logits_to_keep"]) == 1
        assert (nothing["targets"] == IGNORED).all()


def test_a_training_counts_what_it_is_told_to_and_says_so(
    tiny_model: Path, data: Path, tmp_path: Path
) -> None:
    recipe = {"epochs": 1, "batch_size": 1, "rank": 2, "learning_rate": 1e-2}
    found = {}
    for loss_on in ("all", "pivots", "answer"):
        out = distill(str(tiny_model), data / "hc", tmp_path / loss_on, Recipe(**recipe, loss_on=loss_on))
        manifest = json.loads((out / "manifest.json").read_text())
        assert manifest["recipe"]["loss_on"] == loss_on
        assert manifest["arm"] == ("hc" if loss_on == "all" else f"hc_on_{loss_on}")
        weights = load_file(out / "adapter_model.safetensors")
        found[loss_on] = torch.cat([weights[name].flatten() for name in sorted(weights)])
    assert not torch.equal(found["pivots"], found["answer"])
    assert not torch.equal(found["all"], found["answer"])
    with pytest.raises(StylerepError, match="nt: no row has tokens that --loss-on pivots would count"):
        distill(str(tiny_model), data / "nt", tmp_path / "none", Recipe(loss_on="pivots"))
    with pytest.raises(StylerepError, match="loss-on must be one of all, steps, pivots, answer, got 'some'"):
        Recipe(loss_on="some").validate()


def test_the_names_of_arms_say_what_counted() -> None:
    for arm in ("hc", "st_np", "shuffle=0.67"):
        for loss_on in LOSS_ON:
            assert taught_arm(trained_arm(arm, loss_on)) == (arm, loss_on)
    assert taught_arm("hc_on_all") == ("hc_on_all", "all")
