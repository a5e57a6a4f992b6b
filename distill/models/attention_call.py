"""What the layers of a model ask of an attention function of ours: whether we compute all of it, and whether
all of the configuration's is asked for.

Attention functions are called with named options. One under a name that we do not know would be passed over,
and the text or gradient be another without a sign of it: so every option is known to change nothing,
or is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any

# Options that change nothing of what is computed here: masks and positions are ours,
# and nothing is dropped while a response is written.
_WITHOUT_EFFECT = frozenset(
    """
    dropout is_causal style_hf_cache use_cache past_key_values cache layer_past position_ids cache_position
    logits_to_keep output_attentions output_hidden_states output_router_logits return_dict deterministic
    cu_seq_lens_q cu_seq_lens_k max_length_q max_length_k num_items_in_batch
    """.split()
)


def unknown_option(module: Any, scaling: float | None, options: Mapping[str, Any]) -> str:
    """Return what a layer asks for that an attention function of ours does not compute, in words;
    an empty text if nothing is.

    *options* are those beside scaling, sliding_window, softcap and the mask.
    """
    if scaling is None:
        return "no scaling is given"
    if not getattr(module, "is_causal", True) or options.get("is_causal") is False:
        return "its layers are not causal"
    unknown = [name for name, value in options.items() if value is not None and name not in _WITHOUT_EFFECT]
    return f"its layers ask for {unknown[0]}" if unknown else ""


def missing_option(config: Any, calls: Sequence[tuple[int, Any, Any]]) -> str:
    """Return what the configuration of a language model says of attention that its layers did not ask for, in
    words; an empty text if nothing is.

    *calls* has (layer, sliding_window, softcap) for each call of one pass, in their order.
    Each layer must have called once.
    """
    layers = int(config.num_hidden_layers)
    if [layer for layer, _, _ in calls] != list(range(layers)):
        return (
            f"the {layers} layers called {len(calls)} times, layer by layer"
            f" {[layer for layer, _, _ in calls][:4]} …"
        )
    kinds = getattr(config, "layer_types", None)
    window = (
        getattr(config, "sliding_window", None)
        if getattr(config, "use_sliding_window", None) is not False
        else None
    )
    if kinds:
        without = [layer for layer, found, _ in calls if kinds[layer] == "sliding_attention" and not found]
        if without:
            return f"layer {without[0]} is of sliding attention and gave no sliding_window"
    elif window and not any(found for _, found, _ in calls):
        return f"the configuration has a sliding window of {window} and no layer gave it"
    if getattr(config, "attn_logit_softcapping", None) and not all(cap for _, _, cap in calls):
        return "the configuration caps scores and not every layer gave softcap"
    return ""
