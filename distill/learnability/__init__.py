"""How learnable rows are for a student: how surprising their tokens are to it before any training, part by
part (docs/how-to/measure-learnability.md).
"""
