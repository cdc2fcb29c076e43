"""The wallboard can be read from afar, used by keyboard, heard by a screen reader and stopped: WCAG 2.2 AA, in a real Chromium."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import Browser, ViewportSize, expect

from tests.e2e.wallboard_page import (
    PHONE,
    TIMEOUT_MS,
    WALL,
    frames_pass,
    nothing_found,
    resize,
    text_of,
    wall,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
MOTIONS: tuple[tuple[Literal["no-preference", "reduce"], bool], ...] = (
    ("no-preference", True),
    ("reduce", False),
)
ARC_MINUTES_MIN = 16
"""Least height of a capital letter as the eye sees it (ISO 9241-303)."""
METRES, SCREEN_MM = 4, 1218
"""A screen of 55 inches is 1,218 mm wide."""


async def test_axe_finds_nothing_dark_or_light_on_a_wall_or_a_phone(browser: Browser) -> None:
    """Landmarks, names, roles, contrast: WCAG 2.2 A and AA."""
    async with wall(browser) as made:
        page = await made.page()
        for scheme in SCHEMES:
            for size in (WALL, PHONE):
                await page.emulate_media(color_scheme=scheme)
                await resize(page, size)
                await nothing_found(page)


async def test_axe_finds_nothing_while_the_connection_is_lost_or_a_dialog_is_open(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        await page.click("#curve-open")
        await nothing_found(page)
        await page.keyboard.press("Escape")
        await made.close()
        await expect(page.locator("#state")).to_contain_text("No connection", timeout=TIMEOUT_MS)
        await nothing_found(page)
        made.complaints.clear()  # the browser itself tells of each attempt that fails


MEASURE = """() => {
  const canvas = document.createElement("canvas").getContext("2d");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, box = node.parentElement;
    const skipped = box.closest("button, select, label, footer, dialog, noscript, .hidden, .skip, #plot title");
    if (!node.textContent.trim() || skipped || !box.getClientRects().length) continue;
    const style = getComputedStyle(box);
    canvas.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    found.push([node.textContent.trim(), canvas.measureText("H").actualBoundingBoxAscent]);
  }
  return found;
}"""


async def test_all_that_counts_can_be_read_from_four_metres(browser: Browser) -> None:
    """Every text but controls and the fine print, from the height of its capitals on a 55-inch screen."""
    async with wall(browser) as made:
        page = await made.page()
        for words, capital_px in await page.evaluate(MEASURE):
            minutes = capital_px * SCREEN_MM / WALL["width"] / (METRES * 1000) * 3437.75
            assert minutes >= ARC_MINUTES_MIN, (words, minutes)


async def test_on_a_wall_nothing_scrolls_and_nothing_is_cut_off(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        for width, height in ((1920, 1080), (1366, 768), (3840, 2160), (2560, 1080)):
            await resize(page, ViewportSize(width=width, height=height))
            assert await page.evaluate(CUT_OFF) == [], (width, height)
            assert await page.locator("#lines tr:visible").count() == 4


CUT_OFF = """() => {
  const found = [];
  const room = document.documentElement;
  if (room.scrollHeight > innerHeight || room.scrollWidth > innerWidth) found.push("page");
  for (const card of document.querySelectorAll(".card, .top, footer")) {
    const outer = card.getBoundingClientRect();
    if (outer.bottom > innerHeight || outer.right > innerWidth) found.push(card.className);
    for (const box of card.querySelectorAll("p, h1, h2, dt, dd, td, th, button, svg, svg text")) {
      const inner = box.getBoundingClientRect();
      if (!box.getClientRects().length || box.closest(".hidden")) continue;
      const words = document.createRange();
      words.selectNodeContents(box);
      const right = Math.max(inner.right, words.getBoundingClientRect().right);
      if (right > outer.right + 1 || inner.bottom > outer.bottom + 1) found.push(box.textContent);
    }
  }
  return found;
}"""


async def test_a_narrow_screen_scrolls_in_one_direction_only(browser: Browser) -> None:
    """320 px is what 1,280 px are at a zoom of 400 % (WCAG 1.4.10)."""
    async with wall(browser) as made:
        page = await made.page(viewport=PHONE)
        for width in (390, 320):
            await resize(page, ViewportSize(width=width, height=800))
            assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_everything_can_be_done_with_the_keyboard(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        reached = []
        for _ in range(4):
            await page.keyboard.press("Tab")
            reached.append(
                await page.evaluate("document.activeElement.id || document.activeElement.className")
            )
            assert (
                float(
                    await page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
                )
                >= 2
            )
        assert reached == ["skip", "pause", "theme", "curve-open"]
        await page.keyboard.press("Enter")
        await expect(page.locator("#curve-dialog")).to_be_visible()
        assert await page.locator("#hours tr").count() == 24
        await page.keyboard.press("Escape")
        await expect(page.locator("#curve-dialog")).to_be_hidden()
        assert await page.evaluate("document.activeElement.id") == "curve-open"


async def test_the_skip_link_leads_to_the_figures(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "board"


async def test_a_pause_holds_all_that_moves(browser: Browser) -> None:
    """What moves by itself can be stopped (WCAG 2.2.2)."""
    async with wall(browser) as made:
        page = await made.page()
        await page.click("#pause")
        assert "Paused at 14:3" in await text_of(page, "#state")
        held = await text_of(page, "main")
        made.arrives("new-1")
        await frames_pass(page)
        assert await text_of(page, "main") == held
        await page.click("#pause")
        await expect(page.locator("main")).not_to_have_text(held, timeout=TIMEOUT_MS)
        await expect(page.locator("#state")).to_contain_text("Live", timeout=TIMEOUT_MS)


async def test_the_theme_follows_the_system_until_one_is_chosen(browser: Browser) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    async with wall(browser) as made:
        page = await made.page(color_scheme="light")
        light = await page.evaluate(ground)
        await page.click("#theme")
        assert await text_of(page, "#theme") == "Theme: dark"
        dark = await page.evaluate(ground)
        assert light != dark
        await page.reload()
        await page.wait_for_selector("#cards:not([hidden])")
        assert await page.evaluate(ground) == dark


async def test_nothing_moves_smoothly_for_who_asked_for_less_motion(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        for motion, moves in MOTIONS:
            await page.emulate_media(reduced_motion=motion)
            longest = await page.evaluate(
                """() => Math.max(...[...document.querySelectorAll("*")].map((one) => {
                  const style = getComputedStyle(one);
                  return Math.max(...`${style.transitionDuration},${style.animationDuration}`.split(",").map(parseFloat));
                }))"""
            )
            assert (longest > 0) is moves


async def test_who_listens_is_told_the_state_and_no_number_every_second(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        regions = await page.locator("[aria-live], [role=status], [role=alert]").evaluate_all(
            "(all) => all.map((one) => one.id)"
        )
        assert regions == ["announce"]
        await expect(page.locator("#announce")).not_to_be_empty(timeout=TIMEOUT_MS)
        said = await text_of(page, "#announce")
        made.arrives("new-1")
        await frames_pass(page)
        assert await text_of(page, "#announce") == said  # at most once a minute
