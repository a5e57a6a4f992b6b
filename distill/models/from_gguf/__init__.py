"""GGUF files made into folders that transformers loads: header, tokenizer, configuration and weights."""
