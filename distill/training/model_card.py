"""Writes the model card of a trained adapter or model."""

import json
from collections.abc import Mapping
from typing import Any

from synth.privacy.home_folders import without_home

_KINDS = {
    "lora": "LoRA adapter",
    "dora": "DoRA adapter",
    "qlora": "LoRA adapter, trained on weights of 4 bits,",
    "full": "Full fine-tuning",
    "opd": "LoRA adapter, trained on what it wrote itself by a teacher's scores,",
}


def model_card(manifest: Mapping[str, Any], rows: int) -> str:
    """Return a model card in Markdown, with the Hub's fields, from the manifest of a training on
    *rows* rows.
    """
    recipe, full = manifest["recipe"], manifest["recipe"]["method"] == "full"
    head = {
        "base_model": manifest["base_model"],
        "library_name": "transformers" if full else "peft",
        "tags": ["stylerep", f"arm:{manifest['arm']}"],
    }
    fields = "\n".join(f"{key}: {json.dumps(value)}" for key, value in head.items())
    how = "pretrained=FOLDER" if full else f"pretrained={manifest['base_model']},peft=FOLDER"
    settings = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in recipe.items())
    return without_home(f"""---
{fields}
---
# {_KINDS[recipe["method"]]} of {manifest["base_model"]} on the arm {manifest["arm"]}, seed {manifest["seed"]}

Trained with stylerep {manifest["versions"]["stylerep"]} on {rows} rows of synthetic
reasoning traces, to compare it with other arms of the same study. It is an object of measurement: it is not
meant to solve problems for anyone, and an arm may have been trained on wrong conclusions on purpose.

    stylerep eval --model hf --model_args {how} --tasks 'style_*' --output_path RUN

| setting | value |
|---|---|
{settings}
| training loss (mean over steps) | {manifest["train_loss"]:.4f} |
| tokens seen | {manifest["train_tokens"]} |
| family | {manifest["family"]} |
| data set fingerprint | {manifest["dataset_fingerprint"]} |

`manifest.json` beside this file says the rest.
""")
