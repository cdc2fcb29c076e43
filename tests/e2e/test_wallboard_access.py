"""Who may look at the wallboard, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from services.metrics.wallboard.settings import WallboardSettings
from services.runtime.settings import Secret
from tests.e2e.wallboard_page import (
    TIMEOUT_MS,
    nothing_found,
    wall,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

TOKEN = "a token of the operator's own"


def told(*tokens: str) -> WallboardSettings:
    return WallboardSettings(port=0, tokens=tuple(map(Secret, tokens)), frame_ms=100)


async def test_a_token_is_asked_for_and_kept_in_the_tab(browser: Browser) -> None:
    async with wall(browser, settings=told(TOKEN)) as made:
        page = await made.page(shown=False)
        await expect(page.locator("#token-dialog")).to_be_visible(timeout=TIMEOUT_MS)
        await nothing_found(page)
        await page.keyboard.type("wrong")
        await page.keyboard.press("Enter")
        await expect(page.locator("#token-title")).to_contain_text("does not open", timeout=TIMEOUT_MS)
        await page.fill("#token", TOKEN)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#cards:not([hidden])")
        await page.reload()
        await page.wait_for_selector("#cards:not([hidden])")
        assert not any(TOKEN in url for url in made.asked)
        assert all("401" in one for one in made.complaints)
        made.complaints.clear()  # the browser itself tells of each 401


async def test_a_token_that_is_not_given_can_be_given_later(browser: Browser) -> None:
    async with wall(browser, settings=told(TOKEN)) as made:
        page = await made.page(shown=False)
        await expect(page.locator("#token-dialog")).to_be_visible(timeout=TIMEOUT_MS)
        await page.keyboard.press("Escape")
        await expect(page.locator("#token-dialog")).to_be_hidden()
        await page.click("#token-open")
        await page.fill("#token", TOKEN)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#cards:not([hidden])")
        made.complaints.clear()  # the browser itself tells of each 401


async def test_a_wall_screen_has_its_token_in_the_fragment_of_its_address(browser: Browser) -> None:
    async with wall(browser, settings=told(TOKEN)) as made:
        await made.page(f"#token={TOKEN}")
        assert not any("token" in url for url in made.asked)
