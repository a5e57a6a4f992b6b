"""First style scores of a trace: pivot densities, kinds present, length."""

from dataclasses import dataclass

from synth.style.lexicon import KINDS, Lexicon


@dataclass(frozen=True, slots=True)
class StyleScores:
    """Style of one trace.

    `words` counts runs of non-space characters. `density` gives pivots per 100 words by kind (0 for
    an empty trace) and `kinds_present` how many of the four kinds occur (0 to 4). A density says
    nothing of the trace's length; a count would be length in disguise.
    """

    words: int
    density: dict[str, float]
    kinds_present: int

    @property
    def total_density(self) -> float:
        """Pivots of any kind per 100 words."""
        return sum(self.density.values())


def style_scores(trace: str, lexicon: Lexicon) -> StyleScores:
    """Score one trace with a lexicon."""
    words = len(trace.split())
    counts = dict.fromkeys(KINDS, 0)
    for pivot in lexicon.find(trace):
        counts[pivot.kind] += 1
    per_hundred = 100 / words if words else 0.0
    return StyleScores(words, {kind: n * per_hundred for kind, n in counts.items()}, sum(n > 0 for n in counts.values()))
