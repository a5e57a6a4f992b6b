"""What the tests of statistics share."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest


@pytest.fixture(scope="module", autouse=True)
def _no_garbage_collected_on_demand() -> Iterator[None]:
    """Statsmodels' `multipletests` collects garbage in every call: a third of a second where torch is
    loaded.
    """
    with patch("gc.collect"):
        yield
