"""The sidebar as a whole."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page


def test_the_sidebar_is_there_and_no_dialog_at_the_start(
    open_lab: Callable[..., Page], assert_accessible: Callable[[str], None]
) -> None:
    page = open_lab()
    assert page.locator(".jp-Dialog").count() == 0
    assert_accessible("#jp-compute-sidebar")
