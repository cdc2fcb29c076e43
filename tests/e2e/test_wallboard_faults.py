"""The wallboard says what is wrong and what to do, in a real Chromium."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Browser, expect

from services.contract import decisions as d
from services.contract.desk import Desk, Queue
from services.metrics.wallboard.assets import Assets
from services.metrics.wallboard.settings import WallboardSettings
from tests.e2e.wallboard_page import (
    TIMEOUT_MS,
    frames_pass,
    nothing_found,
    text_of,
    wall,
)
from tests.unit.metrics.wallboard_day import HOUR_MS, NOW_MS
from tests.unit.metrics.world import Writer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


async def test_a_lost_connection_is_said_and_made_again(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        await made.close()
        await expect(page.locator("#state")).to_contain_text("No connection", timeout=TIMEOUT_MS)
        assert "What stands here is from then" in await text_of(page, "#notice-words")
        assert await page.evaluate("document.body.hasAttribute('data-stale')")
        stood = await text_of(page, "#lines")
        await frames_pass(page)
        assert await text_of(page, "#lines") == stood  # a wait that seems to grow would be made up
        await made.serve()
        await expect(page.locator("#state")).to_contain_text("Live", timeout=TIMEOUT_MS)
        await expect(page.locator("#notice")).to_be_hidden()
        assert made.complaints and all("ERR_" in one for one in made.complaints)
        made.complaints.clear()  # the browser itself tells of each attempt that fails


async def test_old_data_is_said_plainly(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        made.clock.advance_ms(6 * 60_000)
        await expect(page.locator("#state")).to_contain_text("Old data", timeout=TIMEOUT_MS)
        assert "The newest decision is 6 min old although" in await text_of(page, "#notice-words")


async def test_a_quiet_desk_is_old_only_when_heartbeats_stay_away(browser: Browser) -> None:
    desk = Desk(desk_id="acme", queues=(Queue(queue_id="calls"),))
    writer = Writer(now_ms=NOW_MS).genesis().fact(d.DeskApplied(desk=desk))
    async with wall(browser, writer=writer) as made:
        page = await made.page()
        made.clock.advance_ms(11 * 60_000)
        await expect(page.locator("#state")).to_contain_text("11 min old", timeout=TIMEOUT_MS)
        assert await page.locator("#state").get_attribute("data-state") == "live"
        made.writer.fact(d.HeartbeatPassed(born_at_ms=NOW_MS))
        made.fold()
        await expect(page.locator("#state")).to_contain_text("Old data", timeout=TIMEOUT_MS)
        assert "No sign of life for 11 min" in await text_of(page, "#notice-words")


async def test_a_page_that_was_changed_loads_itself_again(browser: Browser) -> None:
    """Nobody goes to a screen on the wall to press a key after every release."""
    async with wall(browser) as made:
        page = await made.page()
        await made.close()
        async with page.expect_event("load"):
            await made.serve(replace(Assets.load(), version="another"))
        await page.wait_for_selector("#cards:not([hidden])")
        made.complaints.clear()  # the browser itself tells of each attempt that fails


async def test_without_a_desk_the_page_says_what_to_do(browser: Browser) -> None:
    async with wall(browser, writer=Writer().genesis()) as made:
        page = await made.page(shown=False)
        await expect(page.locator("#notice-words")).to_contain_text(
            "No desk is configured yet", timeout=TIMEOUT_MS
        )
        assert await text_of(page, "#notice-command") == "frontdesk serve --desk examples/desk.toml"


async def test_before_the_first_contact_the_page_says_what_to_do(browser: Browser) -> None:
    desk = Desk(desk_id="acme", queues=(Queue(queue_id="calls"),))
    writer = Writer(now_ms=NOW_MS - HOUR_MS).genesis().fact(d.DeskApplied(desk=desk))
    async with wall(browser, writer=writer) as made:
        page = await made.page()
        assert "Nothing has arrived yet" in await text_of(page, "#notice-words")
        assert (await text_of(page, "#notice-command")).startswith("curl smtp://")
        assert "no earlier Friday to compare with" in await text_of(page, "[data-figure=resolution] .usual")
        await nothing_found(page)


async def test_an_unknown_desk_is_told_with_those_that_there_are(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page("?desk=acne", shown=False)
        await expect(page.locator("#notice-words")).to_contain_text("There are: acme", timeout=TIMEOUT_MS)


async def test_a_full_house_is_said_and_tried_again(browser: Browser) -> None:
    async with wall(browser, settings=WallboardSettings(port=0, viewers_max=1, frame_ms=100)) as made:
        first = await made.page()
        second = await made.page(shown=False)
        await expect(second.locator("#notice-words")).to_contain_text(
            "are watching already", timeout=TIMEOUT_MS
        )
        await first.context.close()
        await second.wait_for_selector("#cards:not([hidden])")
        assert all("503" in one for one in made.complaints)
        made.complaints.clear()  # the browser itself tells of each 503
