"""What a response states to be its answer, and whether that is right.

Nothing is imported here: `same_formula` runs as a process of its own, which is to start quickly.
"""
