"""Model families: one YAML file each says how a model is recognised, prompted, stopped and adapted
(docs/how-to/add-a-model-family.md).

The same file serves training and evaluation. Own files lie in the folder that ``STYLEREP_FAMILIES`` names;
one of the same name stands for ours. A model that no file matches works by detection,
and `Family.assumed` says what was assumed.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from distill.models.families.family_file import FamilyFile, read_family
from distill.models.families.special_tokens import special_ids
from synth.errors import StylerepError
from synth.formats import CLOSE, OPEN

FOLDER_VARIABLE = "STYLEREP_FAMILIES"


@dataclass(frozen=True, slots=True)
class Family:
    """How one model family is prompted, stopped and adapted.

    `end_of_turn` is the token that a response is trained to end with. `think` are the tags that the family
    writes around a trace and `keeps_special` says that they are read although they may be special tokens.
    `template_arguments` go to the chat template, `lora_targets` and `fan_in_fan_out` to peft as they are.
    `defaults` (learning_rate, max_length) stand where a recipe says nothing.
    `assumed` is empty for a family with a file.
    """

    name: str
    end_of_turn: str
    lora_targets: str | list[str] = "all-linear"
    fan_in_fan_out: bool = False
    think: tuple[str, str] = (OPEN, CLOSE)
    keeps_special: bool = False
    template_arguments: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    assumed: str = ""

    def kept_ids(self, tokenizer: Any) -> set[int]:
        """Return the ids of think tags that are special tokens of the tokenizer and are read nonetheless."""
        if not self.keeps_special:
            return set()
        tags = (*self.think, OPEN, CLOSE)
        # asked of the few special tokens: a vocabulary is made anew each time, in tens of milliseconds
        return {
            number for number in special_ids(tokenizer) if tokenizer.convert_ids_to_tokens(number) in tags
        }


def family_files() -> list[FamilyFile]:
    """Return all family files, ours and the user's, by name; raise StylerepError for one that cannot be
    used.
    """
    found = {
        file.name: file
        for folder in family_folders()
        for file in map(read_family, sorted(folder.glob("*.yaml")))
    }
    return [found[name] for name in sorted(found)]


def family_folders() -> list[Path]:
    """Return the folders of family files: ours, then the user's if there is one."""
    own = os.environ.get(FOLDER_VARIABLE)
    folders = [Path(str(resources.files("distill.models.families")))]
    if own:
        folder = Path(own).expanduser()
        if not folder.is_dir():
            raise StylerepError(f"{FOLDER_VARIABLE} names {own}, and there is no such folder.")
        folders.append(own_folder(folder))
    return folders


def own_folder(folder: Path) -> Path:
    """Return a folder of family files; raise StylerepError for a file in it that would be passed over for its
    name.
    """
    if misnamed := sorted(folder.glob("*.yml")):
        raise StylerepError(f"{misnamed[0]}: family files are named NAME.yaml; rename it.")
    return folder


def model_family(config: Any, tokenizer: Any) -> Family:
    """Return the family of a model by its transformers configuration and tokenizer."""
    vocab_size = getattr(config.get_text_config(), "vocab_size", len(tokenizer))
    return find_family(config.model_type, vocab_size, tokenizer)


def find_family(model_type: str, vocab_size: int, tokenizer: Any) -> Family:
    """Return the family of a model by its configuration and tokenizer (a transformers tokenizer).

    The file with most conditions met is taken. Raises StylerepError where two are equally specific,
    or no response could end.
    """
    vocabulary = tokenizer.get_vocab()
    matches = [file for file in family_files() if file.matches(model_type, vocab_size, vocabulary)]
    if not matches:
        return _detected(model_type, tokenizer)
    most = max(file.conditions for file in matches)
    best = [file for file in matches if file.conditions == most]
    if len(best) > 1:
        raise StylerepError(
            f"This {model_type} model matches {_listed(best)} equally well; give one of them one more token"
            " under match."
        )
    return _from_file(best[0], tokenizer)


def _from_file(file: FamilyFile, tokenizer: Any) -> Family:
    end = file.end_of_turn
    if tokenizer.eos_token and (not tokenizer.chat_template or tokenizer.eos_token == file.end_of_text):
        end = tokenizer.eos_token  # a base model: it has never seen the token that ends a turn
    if end not in tokenizer.get_vocab():
        raise StylerepError(
            f"{file.path}: end_of_turn is {end}, which is no token of this model's tokenizer."
        )
    return Family(
        file.name,
        end,
        file.lora_targets,
        file.fan_in_fan_out,
        file.think,
        file.think_special,
        file.template_arguments,
        file.defaults,
    )


def _detected(model_type: str, tokenizer: Any) -> Family:
    if tokenizer.eos_token is None:
        raise StylerepError(
            f"The tokenizer of this {model_type} model has no EOS token, so no response could end; set one in"
            " its tokenizer_config.json."
        )
    special = any(
        tag in tokenizer.get_vocab() and tokenizer.get_vocab()[tag] in special_ids(tokenizer)
        for tag in (OPEN, CLOSE)
    )
    return Family(
        model_type,
        tokenizer.eos_token,
        keeps_special=special,
        assumed=(
            f"no family file matches this {model_type} model; assumed: turns end with {tokenizer.eos_token},"
            f" {'the chat template as it is' if tokenizer.chat_template else 'no chat template'}, think tags"
            f" {OPEN} and {CLOSE}{' (special tokens)' if special else ''}, adapters on all linear layers"
        ),
    )


def _listed(files: Sequence[FamilyFile]) -> str:
    return " and ".join(str(file.path) for file in files)
