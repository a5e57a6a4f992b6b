from synth.bloom_filter import Seen


def test_what_was_seen_is_known_and_hardly_anything_else() -> None:
    seen = Seen()
    assert sum(seen.add(f"question {i}") for i in range(20_000)) == 20_000
    assert not any(seen.add(f"question {i}") for i in range(20_000))
