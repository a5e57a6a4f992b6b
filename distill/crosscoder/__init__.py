"""Crosscoders between a model and the same model below an adapter: one dictionary of features for the
activations of both on the same tokens, so that what an adapter has added stands out
(docs/how-to/see-what-changed-inside.md).
"""
