"""Model backends: lm_eval's, and ours (style-hf)."""
