"""Models trained from nothing on generated problems: small Llama, Qwen 3, Gemma 3 and GPT-NeoX models that need no account and no network.

They are small models of synthetic problems and nothing else, never stand-ins for the families whose architectures they have (docs/scratch-models.md).
"""
