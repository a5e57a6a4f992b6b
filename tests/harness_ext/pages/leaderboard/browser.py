"""A browser without a window that holds pages to their word: no error, no failed request,
nothing from elsewhere.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser of playwright; skip the test where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )
    if path is None:
        pytest.skip("no chromium is installed to show the page in")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=QUIET.split())
        yield browser
        browser.close()


class Pages:
    """Opens pages from disk and collects all that goes wrong in them."""

    def __init__(self, browser: Any) -> None:
        self.browser, self.wrong = browser, []

    def open(
        self,
        path: Path,
        state: str = "",
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        javascript: bool = True,
    ) -> Any:
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
        )
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on(
            "console",
            lambda message: self.wrong.append(message.text) if message.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("requestfailed", lambda request: self.wrong.append(request.url))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("file:", "data:", "blob:"))
                else self.wrong.append(request.url)
            ),
        )
        page.on("dialog", lambda dialog: (self.wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.goto(path.as_uri() + (f"#{state}" if state else ""))
        if javascript:
            settle(page)
        return page

    def close(self) -> list[str]:
        for context in self.browser.contexts:
            context.close()
        return self.wrong


def settle(page: Any) -> None:
    """Wait until the ranking is set up, or the viewer shows what it was asked for."""
    page.wait_for_function(
        "() => 'ready' in document.documentElement.dataset || (document.querySelector('#items') && !('busy'"
        " in document.documentElement.dataset))"
    )
