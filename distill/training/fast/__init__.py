"""What makes training fast on any family: rows without padding, one product for adapters of one input,
a loss in pieces.

`speed_up` (install) puts in place what a model allows and checks it against the model as it was.
"""
