"""Leaderboards: static pages that rank runs, show accuracy beside style, and open every figure down to the trace that it came from."""
