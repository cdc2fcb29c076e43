"""The wallboard in a real Chromium: live, of all desks or of one, and from nowhere else."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from services.contract import decisions as d
from services.contract.desk import Desk, Queue
from tests.e2e.wallboard_page import (
    TIMEOUT_MS,
    nothing_found,
    text_of,
    wall,
)
from tests.unit.metrics.wallboard_day import HOUR_MS, NOW_MS, made_up
from tests.unit.metrics.world import Writer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


async def test_a_contact_that_arrives_shows_without_a_reload(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        before = int(await text_of(page, "#waiting-now"))
        made.arrives("new-1")
        await expect(page.locator("#waiting-now")).to_have_text(str(before + 1), timeout=TIMEOUT_MS)


async def test_the_page_shows_what_the_frame_says(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        frame = await page.evaluate("async () => (await fetch('frame')).json()")
        assert await text_of(page, "#desk") == "acme"
        assert int(await text_of(page, "#waiting-now")) == frame["waiting"]["now"]
        within = next(one for one in frame["figures"] if one["name"] == "within_promise")
        card = page.locator("[data-figure=within_promise]")
        assert f"{round(within['value'] * 100)}" in await card.inner_text()
        assert f"{within['part']} of {within['of']}" in await card.inner_text()
        lines = await page.locator("#lines tr").all_inner_texts()
        assert [line.split()[0] for line in lines] == [one["queue"] for one in frame["waiting"]["lines"]]
        bars = await page.locator("#plot .bar").count()
        assert bars == sum(1 for amount in frame["curve"]["today"] if amount) > 20
        agents = await page.locator("#agents div[data-state=contact] dd").inner_text()
        assert int(agents) == next(one["agents"] for one in frame["agents"] if one["state"] == "contact")


async def test_a_wait_grows_every_second_by_the_clock_of_the_service(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        before = await text_of(page, "#lines tr:has(th:text-is('calls')) td:last-child")
        await expect(page.locator("#lines tr:has(th:text-is('calls')) td:last-child")).not_to_have_text(
            before, timeout=TIMEOUT_MS
        )


async def test_worse_than_usual_is_said_in_words_and_with_a_mark(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        assert await text_of(page, "[data-figure=within_promise] .usual") == "▼ below usual 95 %"


async def test_a_desk_can_be_chosen_and_stays_in_the_address(browser: Browser) -> None:
    writer = made_up()
    beta = Desk(desk_id="beta", queues=(Queue(queue_id="beta-calls"),))
    writer.fact(d.DeskApplied(desk=beta), desk_id="beta")
    writer.desk_id = "beta"
    async with wall(browser, writer=writer) as made:
        made.arrives("b-1", "beta-calls")
        page = await made.page()
        assert await text_of(page, "#desk") == "All desks"
        await nothing_found(page)
        await page.focus("#desks")
        await page.select_option("#desks", "beta")
        await expect(page.locator("#desk")).to_have_text("beta", timeout=TIMEOUT_MS)
        await expect(page.locator("#waiting-now")).to_have_text("1")
        assert page.url.endswith("?desk=beta")


async def test_many_queues_on_a_wall_are_summed_up_where_they_do_not_fit(browser: Browser) -> None:
    queues = tuple(Queue(queue_id=f"queue-{number:02}", channels=("phone",)) for number in range(30))
    writer = (
        Writer(now_ms=NOW_MS - HOUR_MS)
        .genesis()
        .fact(d.DeskApplied(desk=Desk(desk_id="acme", queues=queues)))
    )
    writer.now_ms = NOW_MS
    async with wall(browser, writer=writer) as made:
        for number in range(30):
            made.arrives(f"c{number}", f"queue-{number:02}", waited_ms=number * 1000)
        page = await made.page()
        rows = await page.locator("#lines tr:visible").count()
        assert 0 < rows < 30
        assert f"… {30 - rows} more lines, waiting there: {30 - rows}" in await text_of(page, "#lines-more")
        assert "queue-29" in await text_of(page, "#lines")  # the longest wait is among those shown
