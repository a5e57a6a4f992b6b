import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from rich.console import Console
from sklearn.metrics import roc_auc_score

from distill.models.families import model_family
from distill.models.loading import load_config, load_model, load_tokenizer
from distill.select import (
    RowScore,
    check_selection,
    leave_out,
    read_ids,
    score_rows,
    suspicious,
    write_scores,
)
from distill.select.gradients import Sketch, row_gradients
from distill.select.outliers import cosine_outliers, isolation_outliers
from distill.training.encode import Encoded, encode
from distill.training.train import Recipe, distill
from synth.errors import StylerepError
from synth.problems import iter_problems
from synth.traces.datasets import read_dataset, write_dataset
from synth.traces.rendering import render
from synth.traces.synthesis import synth
from tests.distill.tiny_families import SHAPES, build

QUIET = Console(quiet=True)


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distill.select.outliers.TREES", 200)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synth(
        "arith:train",
        ["hc"],
        tmp_path_factory.mktemp("data"),
        n=10,
        dials={"trace_words": 10},
        decontaminate=False,
    )["hc"]


def scores_of(values: list[float]) -> list[RowScore]:
    return [RowScore(f"r{i}", 0.0, 1, value, -value, 0.0, 0.0) for i, value in enumerate(values)]


def test_a_sketch_keeps_norms_and_angles() -> None:
    x, y = torch.randn(2, 50_000, generator=torch.Generator().manual_seed(1))
    y = y + 0.5 * x
    sketch = Sketch(50_000, 4096, seed=3)
    one, two = sketch([x[:20_000].view(200, 100), x[20_000:]]), sketch([y])
    assert one.shape == (4096,)
    # Each inner product deviates by about 1/sqrt(4096) of the two norms.
    near = 5 / 64
    assert float(one @ one / (x @ x)) == pytest.approx(1, abs=near)
    assert float(torch.cosine_similarity(one, two, 0)) == pytest.approx(
        float(torch.cosine_similarity(x, y, 0)), abs=near
    )
    assert not torch.equal(one, Sketch(50_000, 4096, seed=4)([x]))


def test_equal_entries_do_not_add_up_in_a_sketch() -> None:
    ones = torch.ones(40_960)
    assert float(Sketch(40_960, 4096)([ones]).square().sum()) == pytest.approx(40_960, rel=0.2)


def test_the_gradient_of_a_row_is_that_of_its_loss(tiny_model: Path, data: Path) -> None:
    tokenizer, config = load_tokenizer(str(tiny_model)), load_config(str(tiny_model))
    rows = [
        encode(row, tokenizer, model_family(config, tokenizer), 2048) for row in read_dataset(data)[0][:2]
    ]
    torch.manual_seed(0)
    model = get_peft_model(
        load_model(str(tiny_model), torch.float32),
        LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    with torch.no_grad():
        for parameter in parameters:
            parameter.normal_(std=0.1)
    size = sum(parameter.numel() for parameter in parameters)
    sketch = Sketch(size, 64)
    for row, found in zip(rows, row_gradients(model, rows, sketch, 1), strict=True):
        labels = torch.tensor([[-100] * row.prompt_length + row.input_ids[row.prompt_length :]])
        loss = model(input_ids=torch.tensor([row.input_ids]), labels=labels).loss
        whole = torch.autograd.grad(loss, parameters)
        assert found.loss == pytest.approx(loss.item(), rel=1e-5)
        assert found.norm == pytest.approx(
            float(torch.cat([part.flatten() for part in whole]).norm()), rel=1e-4
        )
        assert torch.allclose(found.sketch, sketch(whole), atol=1e-5)
        assert found.tokens == len(row.input_ids) - row.prompt_length
    assert all(parameter.grad is None for parameter in parameters)


def test_without_a_warm_up_only_half_of_the_adapter_has_a_gradient(tiny_model: Path) -> None:
    model = get_peft_model(
        load_model(str(tiny_model), torch.float32),
        LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    sizes = [parameter.numel() for parameter in model.parameters() if parameter.requires_grad]
    found = next(row_gradients(model, [Encoded(list(range(5, 60)), 20)], Sketch(sum(sizes), sum(sizes)), 1))
    b_size = sum(size for name, size in zip(names, sizes, strict=True) if "lora_B" in name)
    assert int((found.sketch != 0).sum()) <= b_size < sum(sizes)
    assert found.norm > 0


def test_planted_outliers_are_found() -> None:
    rng = np.random.default_rng(0)
    vectors = (rng.normal(size=(120, 300)) + rng.normal(size=300)).astype(np.float32)
    strange = np.zeros(120, dtype=bool)
    strange[::10] = True
    turned = vectors.copy()
    turned[strange] *= -1
    assert roc_auc_score(strange, cosine_outliers(turned)) == 1
    assert cosine_outliers(turned)[strange].min() > 1
    large = vectors.copy()
    large[strange] *= 3
    assert roc_auc_score(strange, isolation_outliers(large)) > 0.99
    assert 0.35 < roc_auc_score(strange, cosine_outliers(large)) < 0.65  # a length is no direction
    assert np.array_equal(isolation_outliers(large, 1), isolation_outliers(large, 1))


def test_one_row_or_a_gradient_of_zero_has_a_score() -> None:
    assert cosine_outliers(np.ones((1, 8), dtype=np.float32)).tolist() == [1]
    zeros = cosine_outliers(np.vstack([np.zeros(8), np.ones((2, 8))]).astype(np.float32))
    assert zeros.tolist() == pytest.approx([1, 0, 0], abs=1e-6)
    assert len(isolation_outliers(np.ones((1, 8), dtype=np.float32))) == 1


def test_the_same_inputs_give_the_same_scores_in_the_order_of_the_data(tiny_model: Path, data: Path) -> None:
    recipe = Recipe(batch_size=4, rank=4)
    one, two = (score_rows(str(tiny_model), data, recipe=recipe, console=QUIET) for _ in range(2))
    assert one == two  # in any number format: the same products in the same order
    assert [score.id for score in one] == [row["id"] for row in read_dataset(data)[0]]
    assert all(
        score.norm and score.loss > 0 and 0 <= (score.outlier or 0) <= 1 and 0 <= (score.cosine or 0) <= 2
        for score in one
    )
    assert one != score_rows(str(tiny_model), data, recipe=replace(recipe, seed=1), console=QUIET)


def test_a_warm_up_and_a_given_adapter_change_what_the_rows_are_held_against(
    tiny_model: Path, data: Path, tmp_path: Path
) -> None:
    recipe = Recipe(epochs=6, batch_size=2, learning_rate=1e-2)
    adapter = distill(str(tiny_model), data, tmp_path / "a", recipe, QUIET)
    cold = score_rows(str(tiny_model), data, recipe=recipe, warm_up=0, console=QUIET)
    warm = score_rows(str(tiny_model), data, recipe=recipe, warm_up=6, console=QUIET)
    given = score_rows(str(tiny_model), data, recipe=recipe, adapter=adapter, console=QUIET)
    # a warm-up trains as `distill` does, so its adapter is the same to the last bit, in any number format
    assert warm == given
    assert all(
        (after.adapted_loss or 9) < before.loss == after.loss
        for before, after in zip(cold, warm, strict=True)
    )
    # An untrained adapter changes nothing.
    assert [score.adapted_loss for score in cold] == pytest.approx([score.loss for score in cold], rel=1e-3)


def test_a_row_of_other_text_stands_out(tiny_model: Path, tmp_path: Path) -> None:
    rows = [
        pair["hc"]
        for pair in render(list(iter_problems("arith:train", 24)), ["hc"], dials={"trace_words": 10})
    ]
    odd = {3, 11, 17}
    mixed = [
        replace(row, response="~" * len(row.response)) if i in odd else row for i, row in enumerate(rows)
    ]
    folder = write_dataset(tmp_path / "mixed", "mixed", mixed, {})
    scores = score_rows(
        str(tiny_model), folder, recipe=Recipe(batch_size=4, learning_rate=1e-2), console=QUIET
    )
    assert suspicious(scores, 3 / 24, "gradient-cosine") == {rows[i].id for i in odd}
    assert roc_auc_score([i in odd for i in range(24)], [score.outlier or 0 for score in scores]) > 0.8


@pytest.mark.parametrize("name", ["gpt2", "gemma3", "phi3"])
def test_families_of_other_shapes_are_scored(name: str, data: Path, tmp_path: Path) -> None:
    scores = score_rows(
        str(build(SHAPES[name], tmp_path)), data, recipe=Recipe(rank=2), warm_up=0, console=QUIET
    )
    assert len(scores) == 10
    assert all(score.norm for score in scores)


@pytest.mark.slow
def test_swapped_traces_are_found_by_the_real_model(real_model: str, tmp_path: Path) -> None:
    pairs = render(
        list(iter_problems("arith:train:max_steps=2", 15)), ["hc", "swap"], dials={"trace_words": 10}
    )
    strange = [i % 5 == 2 for i in range(15)]
    rows = [pair["swap" if odd else "hc"] for pair, odd in zip(pairs, strange, strict=True)]
    scores = score_rows(
        real_model, write_dataset(tmp_path / "mixed", "mixed", rows, {}), warm_up=0, console=QUIET
    )
    assert roc_auc_score(strange, [score.loss for score in scores]) > 0.7
    assert roc_auc_score(strange, [score.cosine for score in scores]) > 0.5


def test_rows_scored_by_loss_have_the_same_losses_and_no_more(tiny_model: Path, data: Path) -> None:
    by_loss = score_rows(str(tiny_model), data, method="loss", console=QUIET)
    whole = score_rows(str(tiny_model), data, warm_up=0, console=QUIET)
    # Equal in any number format: both ways run the same rows through the same pass.
    assert [(score.id, score.loss, score.tokens) for score in by_loss] == [
        (score.id, score.loss, score.tokens) for score in whole
    ]
    assert suspicious(by_loss, 0.3, "loss") == suspicious(whole, 0.3, "loss")
    with pytest.raises(
        StylerepError, match="scored by loss alone, so they cannot be selected by gradient-norm"
    ):
        suspicious(by_loss, 0.3, "gradient-norm")
    with pytest.raises(StylerepError, match="no way 'norm'"):
        score_rows(str(tiny_model), data, method="norm", console=QUIET)


def test_the_most_suspicious_rows_are_taken() -> None:
    scores = scores_of([0.1, 0.5, 0.3, 0.5])
    assert suspicious(scores, 0.5) == {"r1", "r3"}
    assert suspicious(scores, 0.25) == {"r1"}
    assert suspicious(scores, 0.25, "gradient-cosine") == {"r0"}
    assert suspicious(scores, 0.0) == set()
    assert suspicious(scores, 0.1) == set()  # 0.4 of a row


@pytest.mark.parametrize(
    ("method", "fraction", "says"),
    [
        ("nearest", 0.1, "choose from: outlier-gradient"),
        ("loss", 1.0, "below 1, got 1.0"),
        ("loss", -0.1, "0"),
    ],
)
def test_a_selection_that_cannot_be_made_is_refused(method: str, fraction: float, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        check_selection(method, fraction)
    with pytest.raises(StylerepError, match=says):
        suspicious(scores_of([0.1]), fraction, method)


def test_scores_are_written_and_what_was_dropped_is_read(tmp_path: Path) -> None:
    path, scores = tmp_path / "row_scores.jsonl", scores_of([0.25, 0.5])
    path.write_text("old")
    write_scores(path, scores, {"r1"})
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {**asdict(score), "dropped": score.id == "r1"} for score in scores
    ]
    assert read_ids(path) == {"r1"}
    assert [found.name for found in tmp_path.iterdir()] == ["row_scores.jsonl"]


@pytest.mark.parametrize(
    "text",
    [
        "a b\n\n  c\n",
        '{"id": "a b"}\n{"id": "c", "dropped": true}\n{"id": "d", "dropped": false}\n',
        "\ufeffa b\r\nc\r\n",
    ],
)
def test_ids_are_read_from_plain_lines_and_from_json(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ids"
    path.write_text(text, encoding="utf-8")
    assert read_ids(path) == {"a b", "c"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"id": "a"}\n\n{"id": \n', "line 3: this is not valid JSON"),
        (b'{"id": "a"}\n{"identifier": "b"}\n', "line 2: expected an object with a field 'id'"),
        (b'{"id": 7}\n', "line 1: expected an object with a field 'id'"),
        (b'{"id": "a"}\nb\n', "line 2: this is not valid JSON"),
        (b'{"id": "a", "dropped": "no"}\n', "line 1: the field 'dropped'"),
        (b'a\n{"id": "b"}\n', "line 2: expected a row id"),
        (b'[{"id": "a"}]\n', "line 1: expected a row id"),
        (b"\n \n", "it is empty"),
        (b'{"id": "a", "dropped": false}\n', "no row in it is marked as dropped"),
        (b"PAR1\xff\xfe", r"this is not UTF-8 \(byte 5\)"),
    ],
)
def test_a_file_that_lists_no_ids_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "ids.jsonl"
    path.write_bytes(content)
    with pytest.raises(StylerepError, match=says) as caught:
        read_ids(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("name", "says"),
    [("missing.jsonl", "there is no such list of row ids"), (".", "expected a file, found a folder")],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        read_ids(tmp_path / name)


def test_listed_rows_are_left_out_and_unknown_ones_refused(tmp_path: Path) -> None:
    rows = [{"id": name} for name in "abc"]
    assert leave_out(rows, {"b"}, tmp_path) == [{"id": "a"}, {"id": "c"}]
    with pytest.raises(StylerepError, match=r"no row 'z' \(1 of 2 ids"):
        leave_out(rows, {"b", "z"}, tmp_path)
    with pytest.raises(StylerepError, match="none is left"):
        leave_out(rows, set("abc"), tmp_path)


def test_what_cannot_be_scored_is_refused(tiny_model: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(StylerepError, match="warm-up must be 0"):
        score_rows(str(tiny_model), data, warm_up=-1, console=QUIET)
    with pytest.raises(StylerepError, match="holds no adapter"):
        score_rows(str(tiny_model), data, adapter=tmp_path, console=QUIET)
    with pytest.raises(StylerepError, match=r"Row arith-.* tokens exceed"):
        score_rows(str(tiny_model), data, recipe=Recipe(max_length=50), console=QUIET)
    with pytest.raises(StylerepError, match="rank must be above 0"):
        score_rows(str(tiny_model), data, recipe=Recipe(rank=0), warm_up=0, console=QUIET)
