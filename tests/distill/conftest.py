"""What the tests of training share."""

from pathlib import Path

import pytest

from synth.traces.synthesis import synth


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return synth(
        "arith:train", ["nt", "hc"], tmp_path_factory.mktemp("data"), n=12, dials={"trace_words": 10}
    )
