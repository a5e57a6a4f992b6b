"""The files that people write: studies, claims, recipes, families, lists of models, and style profiles."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from benchmarks.fuzz_files.changes import json_file, yaml_file
from benchmarks.fuzz_files.trial import Kind, command
from distill.training.recipe import load_recipe
from synth.style.profile import load_profile
from tests.harness_ext.importing.sources import pens, rows_file

_STUDY = {
    "name": "tiny",
    "models": [
        "smollm2-135m-instruct",
        {
            "name": "scratch:llama-2m",
            "as": "one",
            "train": {"epochs": 2},
            "evaluate": {"limit": 3},
            "gpus": 0,
        },
    ],
    "problems": "arith:train",
    "n": 8,
    "arms": ["nt", "hc", "hc_w"],
    "seeds": [0, 1],
    "margin": 0.05,
    "data_seed": 3,
    "train": {"epochs": 1, "batch-size": 4, "learning-rate": 0.001, "rank": 8, "recipe": "small"},
    "style": {"trace_words": 10, "pivot_density": 2.5},
    "evaluate": {
        "model": "style-hf",
        "tasks": ["style_arith"],
        "limit": 4,
        "max_gen_toks": 8,
        "batch-size": 4,
        "metadata": {"item_seed": 1},
    },
    "controls": [{"budget_forcing": 1}, {"suppress": ["verification"]}],
    "claims": [
        {"name": "style helps", "better": ["hc", "base"]},
        {"name": "same", "equivalent": ["hc", "hc_w"], "margin": 0.1},
    ],
}
_CLAIMS = {
    "alpha": 0.05,
    "margin": 0.05,
    "task": "style_arith",
    "claims": [
        {"name": "better", "better": ["hc", "base"]},
        {"name": "same", "equivalent": ["hc", "base"], "margin": 0.1, "across": "each"},
        {"name": "styled", "style": "pivot_density", "different": ["hc", "base"]},
    ],
}
_RECIPE = {
    "method": "lora",
    "epochs": 2,
    "batch_size": 8,
    "rank": 16,
    "alpha": 32,
    "learning_rate": {0.1: 0.001, 7: 0.0002},
    "warm_up": 0.1,
    "seed": 0,
}
_FAMILY = {
    "name": "mine",
    "match": {"model_type": "qwen3", "tokens": ["<|im_start|>"]},
    "end_of_turn": "<|im_end|>",
    "end_of_text": "<|endoftext|>",
    "think": {"open": "<think>", "close": "</think>", "special": False},
    "template_arguments": {"enable_thinking": True},
    "lora_targets": ["q_proj"],
    "defaults": {"learning_rate": 0.001, "max_length": 512},
}
_MODELS = {
    "my-7b": {"family": "qwen3", "arm": "hc", "base_model": "org/base", "seed": 3},
    "other": {"arm": "base"},
}


def of_people(folder: Path) -> Iterator[Kind]:
    """Yield what people write."""
    from tests.harness_ext.compare.runs import study as runs

    folder.mkdir(parents=True)
    base, ours = runs(folder / "runs", {"base": 0.4, "hc": 0.6}, n=20)
    dry = command("reproduce", folder / "study.yaml", "--out", folder / "out", "--dry-run")
    yield _yaml("study", folder, "study.yaml", _STUDY, dry)
    claims = command("compare", base, ours, "--claims", folder / "claims.yaml")
    yield _yaml("claims", folder, "claims.yaml", {**_CLAIMS, "task": "style_arith"}, claims)
    yield _yaml("recipe", folder, "recipe.yaml", _RECIPE, partial(load_recipe, str(folder / "recipe.yaml")))
    (folder / "families").mkdir()
    yield _yaml(
        "family",
        folder,
        "families/mine.yaml",
        _FAMILY,
        command("validate", "families", "--folder", folder / "families"),
    )
    source = rows_file(
        folder / "t.jsonl",
        [*pens("7", "8", "24", model="my-7b", score=1), *pens("7", "7", "3", model="other", score=0)],
    )
    out = folder / "imported"
    yield _yaml(
        "list of models",
        folder,
        "models.yaml",
        _MODELS,
        command("import", source, "--models", folder / "models.yaml", "--out", out),
        (out,),
    )
    written = folder / "profile.json"
    command("analyze", source, "--profile", written)()
    profile = json.loads(written.read_text(encoding="utf-8"))
    yield Kind("style profile", folder, written, json_file(profile), partial(load_profile, str(written)))
    yield Kind(
        "style profile: analyze",
        folder,
        written,
        json_file(profile),
        command("analyze", source, "--compare", written),
        share=1,
    )


def _yaml(name: str, folder: Path, path: str, content: Any, act: Any, made: tuple[Path, ...] = ()) -> Kind:
    (folder / path).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return Kind(name, folder, folder / path, yaml_file(content), act, made)
