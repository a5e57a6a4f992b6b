"""The measurement of probes runs, and its rows are what it says they are."""

from pathlib import Path

from benchmarks.probing import speed, training_rows, truth


def test_answers_follow_the_last_step_or_the_steps_are_anothers() -> None:
    follows, ignores = training_rows(20, True), training_rows(20, False)
    assert [row.is_correct for row in follows] == [True, False] * 10
    for row in follows:
        assert row.trace.rpartition("= ")[2].split()[0] == row.stated_answer
    assert all(row.is_correct for row in ignores)
    assert [row.trace for row in ignores[1:]] != [row.trace for row in follows[1:]]
    assert ignores[1].trace == follows[0].trace


def test_probing_together_gives_what_each_alone_does(tiny_model: Path) -> None:
    found = speed(str(tiny_model), 2, 30)
    assert found["largest difference of probability"] < 0.01
    assert found["tokens together"] < 0.7 * found["tokens alone"]


def test_models_are_trained_and_probed(tiny_model: Path) -> None:
    found = truth(str(tiny_model), 16, 6, 1.0)
    assert 0 <= found["AUC of corruptions, the last step against others"] <= 1
    assert any(name.startswith("ignores: effect of swap") for name in found)
