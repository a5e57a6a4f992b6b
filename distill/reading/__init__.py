"""Reads texts with a model and says how likely each token was: many sequences in one pass, what they begin
with in common once.

`token_tree` lays sequences out, `tree_attention` keeps their branches apart, and `reader` runs the model and
checks that it computes what it would for each sequence alone.
"""
