"""Which controls change what is written, and which fast paths are in place, in every family:
nothing may do neither without saying so.

    python -m benchmarks.controls_table               # all families, on the transformers that is installed (a
    minute) python -m benchmarks.controls_table gpt2 gemma3   # these

Each family is a random model of two layers, with the tokens and the configuration of its own
(`tests.distill.tiny_families`). A script, whose tokens are made the likeliest, has it write a pivot and end
its turn, so that each control finds what it acts on; for steering the model writes what it would. What a
control did is told from what was written with and without it.
Ends with code 1 where a control did nothing and was not refused.
"""

import copy
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.instance import Instance
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

from distill.models.families import model_family
from distill.models.loading import load_model, load_tokenizer
from distill.training.fast.install import speed_up
from harness_ext.backends.lm_eval.style_hf_model import StyleHF
from harness_ext.backends.style_hf.control_settings import Controls, read_controls
from harness_ext.backends.style_hf.sequence_text import Pieces
from harness_ext.backends.style_hf.streaming_controls import ForbiddenTokens, StreamingControls
from synth.errors import StylerepError
from synth.style import load_lexicon
from tests.distill.tiny_families import SHAPES, build

SILENT = "NOTHING CHANGED"
CHANGES = "changes text"
SCRIPT = "3 + 4 is 7. Let me check. It is 7."
PROMPT = "3 + 4?"
_LIMIT = 64
# With the usual weights some models say one token for ever.
_LIVELY = {"initializer_range": 0.4, "tie_word_embeddings": False}
_SURE = 1e4


class Tiny:
    """A small model of a family, loaded once."""

    def __init__(self, name: str, folder: Path) -> None:
        torch.manual_seed(1)
        shape = SHAPES[name]
        self.folder = build(replace(shape, config={**shape.config, **_LIVELY}), folder / name)
        self.model, self.tokenizer = (
            load_model(str(self.folder), torch.float32).eval(),
            load_tokenizer(str(self.folder)),
        )
        self.family = model_family(self.model.config, self.tokenizer)
        self._written: dict[tuple[Any, ...], str] = {}

    @cached_property
    def directions(self) -> str:
        """A file of two directions, drawn at random."""
        path, config = self.folder / "directions.safetensors", self.model.config.get_text_config()
        layers, width = config.num_hidden_layers, config.hidden_size
        kinds = ("realization", "verification")
        tensors = {
            kind: torch.randn(layers, width, generator=torch.Generator().manual_seed(seed))
            for seed, kind in enumerate(kinds)
        }
        save_file(
            tensors,
            path,
            metadata={
                "stylerep": json.dumps({"layers": layers, "kinds": {kind: {"layer": 0} for kind in kinds}})
            },
        )
        return str(path)

    def write(self, script: str | None, **controls: Any) -> str:
        """Return what style-hf writes under controls."""
        key = (script, *sorted(controls.items()))
        if key not in self._written:
            self._written[key] = self._write(script, controls)
        return self._written[key]

    def _write(self, script: str | None, controls: dict[str, Any]) -> str:
        model = copy.deepcopy(self.model)
        lm = StyleHF(
            model,
            tokenizer=copy.deepcopy(self.tokenizer),
            device="cpu",
            dtype="float32",
            rows=4,
            max_length=1024,
            **controls,
        )
        _prefer(lm, self.tokens(script) if script is not None else None)
        settings = {"until": [], "do_sample": False, "max_gen_toks": _LIMIT}
        request = Instance("generate_until", {}, (PROMPT, settings), 0)
        text: str = lm.generate_until([request], disable_tqdm=True)[0]
        return text

    def ahead(self, script: str, controls: Controls) -> str:
        """Return what comes of the controls that look ahead, as vLLM is to apply them,
        where the script's tokens are the likeliest.
        """
        end = self.tokenizer.convert_tokens_to_ids(self.family.end_of_turn)

        def decode(ids: list[int]) -> str:
            return str(self.tokenizer.decode(ids, skip_special_tokens=False))

        pieces = Pieces(decode, self.tokens("a")[-1])
        ahead = StreamingControls(
            ForbiddenTokens(controls, self.family.think[1], pieces, len(self.tokenizer), self.tokens), {end}
        )
        tokens, written = [*self.tokens(script), end], list[int]()
        while len(written) < _LIMIT and end not in written:
            logits = torch.zeros(len(self.tokenizer))
            logits[tokens[min(len(written), len(tokens) - 1)]] = 1.0
            written.append(int(ahead.change(written, logits).argmax()))
        return decode(written)

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a text, none added."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def _prefer(lm: StyleHF, tokens: Sequence[int] | None) -> None:
    """Have the model choose from tokens that have a text, and prefer *tokens*, if any, by their place in the
    response, and then the end of the turn.
    """
    wanted = None if tokens is None else [*tokens, lm.tokenizer.convert_tokens_to_ids(lm._family.end_of_turn)]
    sequences: list[Any] = []

    def called(module: Any, arguments: Any, options: dict[str, Any]) -> None:
        cache = options.get("style_hf_cache")
        sequences[:] = cache.sequences if hasattr(cache, "sequences") else []

    def scored(module: Any, arguments: Any, output: torch.Tensor) -> torch.Tensor:
        output[..., len(lm.tokenizer) :] = -torch.inf
        for number, sequence in enumerate(sequences if wanted else ()):
            place = sequence.done + 1 - sequence.prompt
            if wanted and place >= 0:
                output[number, -1, wanted[min(place, len(wanted) - 1)]] += _SURE
        return output

    lm._lean.register_forward_pre_hook(called, with_kwargs=True)
    lm._lean.get_output_embeddings().register_forward_hook(scored)


def _refusal(does: Callable[[Tiny], str]) -> Callable[[Tiny], str]:
    def done(tiny: Tiny) -> str:
        try:
            return does(tiny)
        except StylerepError as error:
            return f"refused: {error}"

    return done


def _differs(
    with_it: dict[str, Any], without: dict[str, Any], script: str | None = SCRIPT
) -> Callable[[Tiny], str]:
    """Compare what style-hf writes under two sets of controls;
    ``steer`` stands for a file of the model's width.
    """

    def done(tiny: Tiny) -> str:
        texts = [
            tiny.write(
                script, **{name: tiny.directions if name == "steer" else value for name, value in one.items()}
            )
            for one in (with_it, without)
        ]
        return CHANGES if texts[0] != texts[1] else SILENT

    return _refusal(done)


def _suppressed(tiny: Tiny) -> str:
    plain, without = tiny.write(SCRIPT), tiny.write(SCRIPT, suppress="verification")
    kinds = [{pivot.kind for pivot in load_lexicon().find(text)} for text in (plain, without)]
    return CHANGES if "verification" in kinds[0] - kinds[1] else SILENT


def _looks_ahead(**controls: Any) -> Callable[[Tiny], str]:
    def done(tiny: Tiny) -> str:
        return (
            CHANGES
            if tiny.ahead(SCRIPT, read_controls(controls)) != tiny.ahead(SCRIPT, Controls())
            else SILENT
        )

    return _refusal(done)


def _adapted(tiny: Tiny) -> Any:
    torch.manual_seed(2)
    lora = LoraConfig(
        r=4,
        target_modules=tiny.family.lora_targets,
        fan_in_fan_out=tiny.family.fan_in_fan_out,
        task_type="CAUSAL_LM",
        init_lora_weights=False,
    )
    return get_peft_model(copy.deepcopy(tiny.model), lora)


def _fused(tiny: Tiny) -> str:
    adapter = tiny.folder / "adapter"
    _adapted(tiny).save_pretrained(adapter)
    lm = StyleHF(str(tiny.folder), peft=str(adapter), device="cpu", dtype="float32")
    if not lm._fused.groups:
        return f"refused: {lm._fused.note}" if lm._fused.note else SILENT
    lm.generate_until(
        [Instance("generate_until", {}, (PROMPT, {"until": [], "max_gen_toks": 2}), 0)], disable_tqdm=True
    )
    return f"{len(lm._fused.groups)} groups compute"


def _trained(tiny: Tiny) -> str:
    speed = speed_up(_adapted(tiny), [list(range(10, 40)), [10, 11, *range(50, 90)]])
    done = [
        *(["packed"] if speed.packed else []),
        *([f"{speed.groups} groups compute"] if speed.groups else []),
    ]
    return (
        "; ".join([*done, *(f"refused: {note}" for note in speed.notes)])
        if len(done) == 2 or speed.notes
        else SILENT
    )


_STEER = {"steer": "", "steer_kind": "realization", "steer_strength": 30.0}
CONTROLS: dict[str, Callable[[Tiny], str]] = {
    "think_budget": _differs({"think_budget": 6}, {}),
    "answer_text": _differs({"think_budget": 6, "answer_text": "So:"}, {"think_budget": 6}),
    "budget_forcing": _differs({"budget_forcing": 1}, {}),
    "forcing_text": _differs({"budget_forcing": 1, "forcing_text": "Hmm"}, {"budget_forcing": 1}),
    "suppress": _refusal(_suppressed),
    "steer": _differs(_STEER, {}, None),
    "steer_kind": _differs(_STEER | {"steer_kind": "verification"}, _STEER, None),
    "steer_layer": _differs(_STEER | {"steer_layer": 1}, _STEER, None),
    "steer_strength": _differs(_STEER | {"steer_strength": -30.0}, _STEER, None),
    "ahead: think_budget": _looks_ahead(think_budget=6),
    "ahead: budget_forcing": _looks_ahead(budget_forcing=1),
    "ahead: suppress": _looks_ahead(suppress="verification"),
    "fast writing": _refusal(_fused),
    "fast training": _refusal(_trained),
}
"""Each control of `harness_ext.backends.style_hf.control_settings`, those that look ahead in vLLM, and the
fast paths: what came of it in a family.
"""


def table(families: Sequence[str], folder: Path) -> dict[str, dict[str, str]]:
    """Return, for each family and control, what came of it."""
    found = {}
    for name in families:
        tiny = Tiny(name, folder)
        found[name] = {control: does(tiny) for control, does in CONTROLS.items()}
    return found


def _print(found: dict[str, dict[str, str]]) -> None:
    """Print the table: a line a family, a letter a control, and in words what the letters stand for."""
    print(
        f"transformers {version('transformers')}, peft {version('peft')}, lm_eval {version('lm_eval')}, torch"
        f" {version('torch')}\n"
    )
    said: dict[str, str] = {CHANGES: "+", SILENT: "!"}
    controls = list(CONTROLS)
    width = max(map(len, found))
    print(" " * width, *(f"{number:>2}" for number in range(1, len(controls) + 1)))
    for family, row in found.items():
        print(
            f"{family:<{width}}",
            *(f"{said.setdefault(row[control], chr(ord('a') + len(said) - 2)):>2}" for control in controls),
        )
    print("\n" + "\n".join(f"{number:>2}  {control}" for number, control in enumerate(controls, 1)))
    print("\n" + "\n".join(f" {letter}  {words}" for words, letter in said.items()))
    silent = [
        f"{control} on {family}"
        for family, row in found.items()
        for control, words in row.items()
        if words == SILENT
    ]
    print(
        f"\n{len(found)} families × {len(controls)} controls, {len(silent)} silent no-ops"
        + "".join(f"\n  {one}" for one in silent)
    )


def main(arguments: Sequence[str]) -> int:
    """Print the table of the families named, or of all; return 1 if a control did nothing."""
    if unknown := [name for name in arguments if name not in SHAPES]:
        print(f"There is no family {unknown[0]}; choose from {', '.join(SHAPES)}.", file=sys.stderr)
        return 2
    logging.getLogger("lm_eval").setLevel(logging.ERROR)  # it says of each model that was loaded before
    with tempfile.TemporaryDirectory() as folder:
        found = table(arguments or list(SHAPES), Path(folder))
    _print(found)
    return int(any(SILENT in row.values() for row in found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
