"""The tests and intervals of harness_ext/stats, held to what they promise,
and timed (``python -m benchmarks.statistics``).
"""
