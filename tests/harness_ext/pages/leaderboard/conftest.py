"""A browser for the tests of pages, and what a page must not do in it: fail,
or ask for anything from elsewhere.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness_ext.pages.leaderboard.browser import Pages, chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def pages(browser: Any) -> Iterator[Pages]:
    opened = Pages(browser)
    yield opened
    assert opened.close() == []
