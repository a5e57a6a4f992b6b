import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from synth.style import load_lexicon, style_scores
from synth.style.adherence import style_adherence
from synth.style.profile import load_profile
from synth.style.strip import without_pivots

LEXICON = load_lexicon("en")
REFERENCE = load_profile("long-reasoning").rates


def test_pivots_are_taken_out_and_the_rest_stays_readable() -> None:
    text = "We add. Wait, let me check the sum. Alternatively, we can count. Now I see."
    assert without_pivots(text, LEXICON.find(text)) == "We add. The sum. We can count. "
    assert without_pivots(text, []) == text
    assert (
        without_pivots(text, LEXICON.find(text)[:1])
        == "We add. Let me check the sum. Alternatively, we can count. Now I see."
    )


SENTENCES = [
    "Wait, no.",
    "Let me check 3.",
    "Alternatively, add.",
    "So it is four.",
    "Hmm, maybe I should count.",
    "I see.\n",
]


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=40), st.integers(0, 9))
def test_stripping_more_never_raises_adherence(parts: list[str], seed: int) -> None:
    text = " ".join(parts)
    pivots = LEXICON.find(text)
    random.Random(seed).shuffle(pivots)
    values = [
        style_adherence(style_scores(without_pivots(text, pivots[:n]), LEXICON), REFERENCE)
        for n in range(len(pivots) + 1)
    ]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(values))
