"""Names of the models that we treat as more than an address: those of transformers, ours among them,
and vLLM.
"""

STYLE_HF = "style-hf"
"""Our own model of transformers, `harness_ext.backends.lm_eval.style_hf_model`."""
HF = ("hf", "hf-auto", "huggingface", STYLE_HF)
"""Names of models of transformers."""
VLLM = "vllm"
LOCAL = (*HF, VLLM)
"""Names of models that load weights."""
ADAPTER = {VLLM: "lora_local_path"}
"""The argument that names an adapter, where it is not ``peft``."""
