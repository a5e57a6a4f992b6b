"""Experimental: models trained from nothing on generated problems: small Llama, Qwen 3, Gemma 3 and GPT-NeoX
models that need no account and no network.

They know synthetic problems and nothing else, and never stand in for the families whose architectures they
have (docs/how-to/train-from-scratch.md).
"""
