"""What several draws of one item come to: pass@k and maj@k, each unbiased for k of the draws."""

import functools
from collections.abc import Sequence
from itertools import takewhile
from math import comb, prod


def pass_at_k(right: int, draws: int, k: int) -> float:
    """Return the chance that at least one of *k* draws is right, estimated from more: *right* of *draws* are.

    The mean over all choices of k of the draws, unbiased for 1 − (1 − p)^k, in the product form of Chen et
    al. (2021, arXiv:2107.03374, equation 1), which no number of draws makes overflow. Raises ValueError
    unless 0 <= right <= draws and 1 <= k <= draws.
    """
    _check(right, draws, k)
    if draws - right < k:
        return 1.0
    return 1.0 - prod(1.0 - k / place for place in range(draws - right + 1, draws + 1))


def maj_at_k(right: int, wrong: Sequence[int], draws: int, k: int) -> float:
    """Return the chance that the answer stated most often in *k* draws is right, estimated from *draws*.

    *right* draws state the right answer, and *wrong* says how many state each of the wrong ones; the other
    draws state none, and don't vote. Where t answers tie, each wins with chance 1/t (the expected value, no
    random choice); where no draw votes, none is right. The mean over all choices of k of the draws, as
    `pass_at_k`: unbiased for the chance with k new ones (a U-statistic; Wang et al. 2022, arXiv:2203.11171,
    take the votes of all draws once). Raises ValueError unless all counts add up to *draws* at most and
    1 <= k <= draws.
    """
    _check(right, draws, k)
    if min(wrong, default=1) < 1 or right + sum(wrong) > draws:
        raise ValueError(f"wrong answers are stated 1 time or more, {draws - right} in all, got {wrong}")
    return _majority(right, tuple(sorted(wrong)), draws, k)


def sizes(draws: int) -> list[int]:
    """Return for which k of that many draws pass@k and maj@k are told: 2, 4, 8, … below it, and itself."""
    powers = takewhile(lambda size: size < draws, (1 << place for place in range(1, draws.bit_length() + 1)))
    return [*powers, draws] if draws > 1 else []


@functools.lru_cache(maxsize=1 << 14)  # items of a task come to few different counts
def _majority(right: int, wrong: tuple[int, ...], draws: int, k: int) -> float:
    silent = draws - right - sum(wrong)
    won = 0.0
    for votes in range(1, min(right, k) + 1):
        # ways[t][n]: to choose n other draws so that t wrong answers have as many votes and none has more
        ways = [[comb(silent, n) for n in range(k - votes + 1)]]
        for size in wrong:
            ways = _with_group(ways, size, votes)
        won += comb(right, votes) * sum(row[k - votes] / (ties + 1) for ties, row in enumerate(ways))
    return won / comb(draws, k)


def _with_group(ways: list[list[int]], size: int, votes: int) -> list[list[int]]:
    """Return the ways with one more wrong answer, which *size* draws state, and *votes* of them at most."""
    room = len(ways[0])
    found = [[0] * room for _ in range(len(ways) + (size >= votes))]
    for ties, row in enumerate(ways):
        for chosen in range(min(size, votes, room - 1) + 1):
            to, factor = found[ties + (chosen == votes)], comb(size, chosen)
            for n in range(room - chosen):
                to[n + chosen] += factor * row[n]
    return found


def _check(right: int, draws: int, k: int) -> None:
    if not 0 <= right <= draws or not 1 <= k <= draws:
        raise ValueError(f"needs 0 <= right <= draws and 1 <= k <= draws, got {right} of {draws} and k = {k}")
