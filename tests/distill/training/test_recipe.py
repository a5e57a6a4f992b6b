from itertools import chain
from pathlib import Path

import pytest

from distill.models.families import Family
from distill.training.recipe import Recipe, load_recipe, recipe_names
from distill.training.steps import device_parts, step_rows
from synth.errors import StylerepError


def test_recipes_come_with_stylerep() -> None:
    assert recipe_names() == ["paper", "small"]
    assert load_recipe("small") == Recipe()
    paper = load_recipe("paper")
    assert (paper.method, paper.epochs) == ("full", 5)
    family = Family("any", "</s>")
    assert [paper.settled(family, int(size * 1e9), None).learning_rate for size in (0.1, 3.2, 8.0, 32.8)] == [
        6e-5,
        6e-5,
        4e-5,
        1e-5,
    ]


def test_options_change_single_settings() -> None:
    recipe = load_recipe("paper", {"epochs": 1.0, "rank": 8, "method": None})
    assert (recipe.epochs, recipe.rank, recipe.alpha, recipe.method) == (1.0, 8, 16, "full")


def test_a_family_fills_in_what_a_recipe_leaves_open() -> None:
    family = Family("any", "</s>", defaults={"learning_rate": 3e-4, "max_length": 512})
    assert (
        Recipe().settled(family, 10**9, 4096).learning_rate,
        Recipe().settled(family, 10**9, 4096).max_length,
    ) == (3e-4, 512)
    settled = Recipe(learning_rate=1e-5, max_length=900).settled(family, 1, 600)
    assert (settled.learning_rate, settled.max_length) == (1e-5, 600)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour: red", "line 1: there is no key 'colour'; there are method, epochs"),
        ("[1]", "expected a mapping, found"),
        ("epochs: [", "not valid YAML"),
        ("rank: 8\nepochs: many", "line 2: epochs: expected a number, found 'many'"),
        ("epochs: .inf", "epochs: expected a finite number, found inf"),
        ("epochs: 1.0e+300", "epochs: expected a number below 2.14748e.09"),
        ("epochs: null", "epochs: expected a number, found None"),
        ("epochs: true", "epochs: expected a number, found True"),
        ("epochs: !!float x", "'x' cannot be read as !!float"),
        ("batch_size: 2.5", "batch_size: expected a whole number, found 2.5"),
        ("rank: " + "9" * 400, "rank: expected a number below 2.14748e"),
        ("method: magic", "method: expected one of 'lora', 'dora', 'qlora', 'full', 'opd', found 'magic'"),
        ("method: [lora]", "method: expected one of"),
        ("learning_rate: {3: -1}", r"learning_rate\[3\]: expected a number above 0, found -1"),
        ("learning_rate: {}", "learning_rate: expected a number or a mapping that is not empty"),
        ("learning_rate: {a: 1}", "learning_rate.a: a key must be a number, found 'a'"),
        ("learning_rate: 6e-5", "learning_rate: expected a number or a mapping, found '6e-5'"),
        ("warm_up: 1", "warm_up: expected a number below 1, found 1"),
        ("seed: 2024-01-01", "seed: expected a whole number, found datetime.date"),
    ],
)
def test_what_is_wrong_with_a_recipe_is_told_with_its_file(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(StylerepError, match=says) as error:
        load_recipe(str(tmp_path / "mine.yaml"))
    assert str(tmp_path / "mine.yaml") in str(error.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"epochs": float("inf")}, "epochs must be above 0, got inf"),
        ({"epochs": float("nan")}, "epochs must be above 0, got nan"),
        ({"learning_rate": float("inf")}, "learning-rate must be above 0, got inf"),
        ({"batch_size": 10**400}, "batch-size must be above 0, got 1000"),
        ({"rank": 0}, "rank must be above 0, got 0"),
        ({"seed": 10**30}, "seed must be a number of 64 bits"),
    ],
)
def test_changes_are_checked_as_the_file_is(changes: dict[str, object], says: str) -> None:
    with pytest.raises(StylerepError, match=says):
        load_recipe("small", changes)


def test_a_recipe_that_is_not_there_is_refused() -> None:
    with pytest.raises(StylerepError, match="there are paper, small"):
        load_recipe("large")


def test_steps_depend_on_ids_alone() -> None:
    ids = [f"p{i}" for i in range(11)]
    plan = step_rows(ids, 2.5, 4, 0)
    assert [len(step) for step in plan] == [4, 4, 3, 4, 4, 3, 4, 4]
    assert sorted(chain(*plan[:3])) == sorted(chain(*plan[3:6])) == list(range(11))
    assert plan[:3] != plan[3:6]
    assert step_rows(ids, 2.5, 4, 1) != plan
    turned = step_rows(ids[::-1], 2.5, 4, 0)
    assert [[ids[::-1][row] for row in step] for step in turned] == [
        [ids[row] for row in step] for step in plan
    ]
    assert step_rows(ids, 0.01, 4, 0) == plan[:1]


def test_every_process_has_as_many_parts_and_every_row_is_in_one() -> None:
    lengths = [30, 10, 50, 20, 40, 10, 90]
    for processes in (1, 2, 3, 5):
        for tokens in (1, 60, 1000):
            parts = device_parts([6, 0, 1, 2, 3, 4, 5], lengths, processes, tokens)
            assert len({len(mine) for mine in parts}) == 1
            assert sorted(row for mine in parts for part in mine for row in part) == list(range(7))
            assert all(
                len(part) < 2 or sum(lengths[row] for row in part) <= tokens
                for mine in parts
                for part in mine
            )
