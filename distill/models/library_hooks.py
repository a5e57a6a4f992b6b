"""Lists every place where we reach into transformers, peft and lm_eval, and words the error for one that
didn't take.

Such a place relies on names that are no promise of the library. Each is checked where it is used, by what
came of it rather than by a name: was it called as often as there are layers, did what it gave come back. What
was asked for and did not take is an error (`not_taken`), never a run without it. A fast path whose result
would be the same without it may be left out instead, and says so.
"""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from synth.errors import StylerepError


@dataclass(frozen=True, slots=True)
class Hook:
    """One such place: what it does, in which *library*, from which *module* of ours, what it `relies_on`, and
    how it's `checked`.
    """

    what: str
    library: str
    module: str
    relies_on: str
    checked: str


CACHE = Hook(
    "the cache of style-hf",
    "transformers",
    "harness_ext.backends.style_hf.kv_cache",
    "a causal model hands the cache that it is called with to its layers, which call update()",
    "each pass: one update of each layer, in their order",
)
ATTENTION = Hook(
    "the attention of style-hf",
    "transformers",
    "harness_ext.backends.style_hf.kv_cache",
    "set_attn_implementation and AttentionInterface; layers call the function with scaling, sliding_window,"
    " softcap, and what the model was called with",
    "each pass: one call of each layer; windows and caps are those of the configuration; no option is"
    " unknown",
)
STEERING = Hook(
    "steering",
    "transformers",
    "harness_ext.backends.style_hf.steering",
    "a decoder layer is called once a pass, and puts out a tensor, or a tuple that begins with one",
    "each pass: one call; the first: what it put out has changed",
)
ACTIVATIONS = Hook(
    "reading activations",
    "transformers",
    "harness_ext.backends.style_hf.steer_fit",
    "as steering",
    "each pass: one tensor (rows, tokens, width) of each layer",
)
BOTH_ACTIVATIONS = Hook(
    "reading activations with an adapter and without",
    "peft",
    "distill.crosscoder.activations",
    "disable_adapter() leaves the base model as it was; a decoder layer is called once a pass, and puts out a"
    " tensor, or a tuple that begins with one",
    "each pass: one tensor (rows, tokens, width) of each layer that is wanted; before a fit: with the adapter"
    " the activations are others than without",
)
CHOOSING = Hook(
    "the settings of decoding",
    "transformers",
    "harness_ext.backends.style_hf.sampler",
    "_prepare_generation_config merges settings as generate does",
    "every setting that differs from transformers' own is one that is kept, or is refused",
)
FUSED = Hook(
    "the fused layers of style-hf",
    "peft",
    "harness_ext.backends.style_hf.fused_linear",
    "layers are called through their forward; peft's Linear has base_layer, lora_A, lora_B",
    "when put in place, and after each call of generate_until: every group has computed; what its layers"
    " put out is the same without it, else it is taken back and that is said",
)
PACKED = Hook(
    "attention over packed rows",
    "transformers",
    "distill.training.fast.attention",
    "as the attention of style-hf",
    "when put in place: gradients are those without it; each part of a step: one call of each layer, or more"
    " with checkpointing",
)
WRITING = Hook(
    "the cache of a student that writes",
    "transformers",
    "distill.training.opd.writing",
    "a causal model fills the DynamicCache that it is called with, of which rows may be selected",
    "each pass: the cache has as many tokens as were read",
)
TREE = Hook(
    "attention over a tree of tokens",
    "transformers",
    "distill.reading.tree_attention",
    "as the attention of style-hf",
    "before the first pass: logits are those of each sequence alone, else sequences are read one by one and"
    " that is said; each pass: one call of each layer",
)
LORA = Hook(
    "adapters computed together",
    "peft",
    "distill.training.fast.lora",
    "peft's Linear has base_layer, lora_A, lora_B, scaling, and is called through its forward",
    "when put in place: every group has computed, and gradients are those without it; else it is taken back"
    " and that is said",
)
ADAPTED = Hook(
    "the family's lora_targets",
    "peft",
    "distill.training.adapt",
    "target_modules names the modules that are adapted",
    "each name adapts a module, and adapters are trained",
)
END_OF_TURN = Hook(
    "the family's end of turn",
    "lm_eval",
    "harness_ext.backends.lm_eval.hf_model",
    "HFLM.generate_until calls _model_generate, which hands eos_token_id to generate",
    "each call of generate_until: it was called, and no response goes on after the token",
)
THINK_TAGS = Hook(
    "reading the family's think tags",
    "lm_eval",
    "harness_ext.backends.lm_eval.hf_model",
    "HFLM.generate_until reads tokens by tok_decode",
    "each call of generate_until: it was called",
)
PROMPTS = Hook(
    "the family's chat template",
    "lm_eval",
    "harness_ext.backends.lm_eval.hf_model",
    "HFLM.apply_chat_template renders self.tokenizer.chat_template with self.chat_template_args",
    "each call: the template is that of training, and the arguments are the family's",
)
STYLE_MODEL = Hook(
    "style-hf",
    "lm_eval",
    "harness_ext.backends.lm_eval.style_hf_model",
    "register_model; HFLM asks generate_until, tok_decode and apply_chat_template of itself",
    "when registered: the names are there; when loaded: the adapter is in place; after an evaluation with"
    " controls: responses were written",
)
METRICS = Hook(
    "the metrics",
    "lm_eval",
    "harness_ext.scoring.registration",
    "register_metric and its registries",
    "when registered: lm_eval finds each",
)
TASKS = Hook(
    "leaving tasks out",
    "lm_eval",
    "harness_ext.backends.lm_eval.style_task",
    "the names of the calls that build a task: Run._execute, TaskFactory._build_group_members",
    "when imported: lm_eval has the names; without them no task is left out, and missing problems are an"
    " error",
)
SERVERS = Hook(
    "talking to servers",
    "lm_eval",
    "harness_ext.backends.lm_eval.models",
    "_create_payload and parse_generations of models behind an address",
    "each call of generate_until: they were called",
)
REQUESTS = Hook(
    "asking a model of lm_eval",
    "lm_eval",
    "harness_ext.backends.lm_eval.requests",
    "the fields of Instance",
    "when made: no field is needed that we do not give",
)
STOPPING = Hook(
    "asking items in order until they are settled",
    "lm_eval",
    "harness_ext.backends.lm_eval.in_order",
    "simple_evaluate calls evaluate of its module, which asks generate_until once and then scores the"
    " documents of doc_iterator",
    "each evaluation: both were called; the samples that were saved are the items that were asked",
)
REPEATS = Hook(
    "scoring every draw of an item",
    "lm_eval",
    "harness_ext.backends.lm_eval.several_draws",
    "simple_evaluate calls evaluate of its module, which asks each request config.repeats times and scores by"
    " _filters, process_results and aggregation",
    "each evaluation: evaluate was called; each request has as many responses; each scoring gets them all",
)
ADAPTER_WEIGHTS = Hook(
    "the digest of an adapter",
    "peft",
    "harness_ext.backends.style_hf.digests",
    "the names of adapters' weights hold .lora_ or .modules_to_save.",
    "when taken: a model with an adapter has such weights",
)
VLLM_CONTROLS = Hook(
    "the controls of style in vLLM",
    "vllm",
    "harness_ext.backends.experimental.vllm_controls",
    "engine arguments logits_processors and additional_config, applied by its workers",
    "after an evaluation: at most one response in twenty is as the controls would not have let it be",
)
HOOKS = (
    CACHE,
    ATTENTION,
    STEERING,
    ACTIVATIONS,
    BOTH_ACTIVATIONS,
    CHOOSING,
    FUSED,
    PACKED,
    WRITING,
    TREE,
    LORA,
    ADAPTED,
    END_OF_TURN,
    THINK_TAGS,
    PROMPTS,
    STYLE_MODEL,
    METRICS,
    TASKS,
    SERVERS,
    REQUESTS,
    STOPPING,
    REPEATS,
    ADAPTER_WEIGHTS,
    VLLM_CONTROLS,
)


def not_taken(hook: Hook, owner: Any, found: str) -> StylerepError:
    """Return the error for a hook that didn't take: *found*, a clause, says what happened in the library's
    *owner* (an object or its class).
    """
    cls = owner if isinstance(owner, type) else type(owner)
    return StylerepError(
        f"{hook.what[0].upper()}{hook.what[1:]} did not take: in {cls.__name__} of {hook.library}"
        f" {version(hook.library)}, {found}; stylerep was tested with {versions_tested(hook.library)}."
    )


def versions_tested(library: str) -> str:
    """Return the versions of a library that stylerep was tested with,
    as its metadata say: ``transformers>=5.23,<5.25``.
    """
    try:
        for line in requires("stylerep") or ():
            name, bounds = re.match(r"([\w.-]+)(?:\[[^]]*\])?([^;]*)", line).groups()  # type: ignore[union-attr]  # a requirement begins with a name
            if name.replace("-", "_") == library and bounds:
                return f"{library}{','.join(sorted(bounds.strip().split(','), reverse=True))}"
    except PackageNotFoundError:
        pass
    return f"another version of {library}"


def need(hook: Hook, owner: Any, *names: str) -> None:
    """Raise StylerepError where a class or module of the library lacks an attribute that a hook needs."""
    if missing := [name for name in names if not hasattr(owner, name)]:
        raise not_taken(hook, owner, f"there is no {missing[0]}")
