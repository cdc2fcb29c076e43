"""The wallboard in a real Chromium: live, readable, for everybody, and from nowhere else.

Needs Chromium (Debian: `apt-get install chromium`); without one it is skipped in a plain line, with CI=true it fails.
All tests share one browser; each has a page of its own, and whatever it asks for or complains about is looked at.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Request, ViewportSize, async_playwright, expect
from prometheus_client import CollectorRegistry

from services.contract import decisions as d
from services.contract.desk import Desk, Queue
from services.contract.facts import Channel
from services.metrics.ledger import Ledger
from services.metrics.store import Board
from services.metrics.wallboard.assets import Assets
from services.metrics.wallboard.build import Wallboard
from services.metrics.wallboard.settings import WallboardSettings
from services.runtime.clock import ManualClock
from services.runtime.settings import Secret
from tests.unit.metrics.wallboard_day import HOUR_MS, NOW_MS, made_up
from tests.unit.metrics.world import Writer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_CHROMIUM = "no Chromium here: apt-get install chromium"
WALL, PHONE = ViewportSize(width=1920, height=1080), ViewportSize(width=390, height=844)
TIMEOUT_MS = 30_000
TOKEN = "a token of the operator's own"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light")
MOTIONS: tuple[tuple[Literal["no-preference", "reduce"], bool], ...] = (
    ("no-preference", True),
    ("reduce", False),
)
ARC_MINUTES_MIN = 16
"""Least height of a capital letter as the eye sees it (ISO 9241-303)."""
METRES, SCREEN_MM = 4, 1218
"""A screen of 55 inches is 1,218 mm wide."""


@pytest.fixture(scope="module")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_CHROMIUM, pytrace=False)
        pytest.skip(NO_CHROMIUM)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        launched = await playwright.chromium.launch(executable_path=chromium, args=sandbox)
        yield launched
        await launched.close()


@dataclass
class Wall:
    """A desk with its log, its wallboard, and the pages that look at it."""

    browser: Browser
    writer: Writer = field(default_factory=made_up)
    board: Board = field(default_factory=lambda: Board(1))
    ledger: Ledger = field(default_factory=lambda: Ledger(0))
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW_MS))
    settings: WallboardSettings = field(default_factory=lambda: WallboardSettings(port=0, frame_ms=100))
    complaints: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    _served: Wallboard | None = None

    async def serve(self, assets: Assets | None = None) -> None:
        """Starts it, at the same port as before."""
        if 0 not in self.board.ledgers:
            self.board.own(self.ledger, target=0)
        self.fold()
        self._served = Wallboard(
            self.settings, board=self.board, clock=self.clock, registry=CollectorRegistry(), assets=assets
        )
        self.settings = replace(self.settings, port=await self._served.open("127.0.0.1"))

    async def close(self) -> None:
        if self._served is not None:
            await self._served.close()
            self._served = None

    def fold(self) -> None:
        for offset in range(self.ledger.last_offset + 1, len(self.writer.records)):
            self.ledger.apply(offset, self.writer.records[offset])

    def arrives(self, contact_id: str, queue: str = "calls", *, waited_ms: int = 0) -> None:
        at_ms = self.writer.now_ms - waited_ms
        self.writer.fact(
            d.ContactOpened(contact_id=contact_id, channel=Channel.PHONE, arrived_at_ms=at_ms),
            d.ContactQueued(contact_id=contact_id, channel=Channel.PHONE, queue_id=queue, queued_at_ms=at_ms),
        )
        self.fold()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}/"

    async def page(self, path: str = "", *, shown: bool = True, **options: Any) -> Page:
        """A page of its own, once it shows figures."""
        context = await self.browser.new_context(**{"viewport": WALL, "color_scheme": "dark", **options})
        context.set_default_timeout(TIMEOUT_MS)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("request", self._note)
        await page.goto(self.url + path)
        if shown:
            await page.wait_for_selector("#cards:not([hidden])")
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _note(self, request: Request) -> None:
        self.asked.add(request.url.split("?")[0].split("#")[0])


@asynccontextmanager
async def wall(browser: Browser, **parts: Any) -> AsyncIterator[Wall]:
    """Serves until the end, and then looks at what pages asked for and complained about."""
    made = Wall(browser, **parts)
    await made.serve()
    try:
        yield made
    finally:
        for context in browser.contexts:
            await context.close()
        await made.close()
    assert made.complaints == []
    assert all(url.startswith(made.url) for url in made.asked), made.asked


async def text_of(page: Page, selector: str) -> str:
    return (await page.locator(selector).inner_text()).strip()


# --- what it shows ----------------------------------------------------------------------------------------


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


# --- for everybody ----------------------------------------------------------------------------------------


async def test_axe_finds_nothing_dark_or_light_on_a_wall_or_a_phone(browser: Browser) -> None:
    """Landmarks, names, roles, contrast: WCAG 2.2 A and AA."""
    async with wall(browser) as made:
        page = await made.page()
        for scheme in SCHEMES:
            for size in (WALL, PHONE):
                await page.emulate_media(color_scheme=scheme)
                await _resize(page, size)
                await _nothing_found(page)


async def _nothing_found(page: Page) -> None:
    found = await Axe().run(page, options={"runOnly": RULES})
    assert [
        (one["id"], [node["target"] for node in one["nodes"]]) for one in found.response["violations"]
    ] == []
    assert len(found.response["passes"]) > 20
    assert await page.evaluate(FAINT) == []


FAINT = """() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parse(color).slice(0, 3).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (box) => {
    for (let one = box; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)") return color;
    }
    return "rgb(255, 255, 255)";
  };
  const contrast = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const faint = [];
  const look = (box, color, least, what) => {
    const ratio = contrast(color, ground(what === "edge" ? box.parentElement : box));
    if (ratio < least) faint.push([what, box.id || box.className.baseVal || box.className || box.tagName, ratio]);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const box = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !box.getClientRects().length || box.closest("noscript")) continue;
    const style = getComputedStyle(box);
    look(box, box.closest("svg") ? style.fill : style.color, 4.5, "text");
  }
  for (const box of document.querySelectorAll("button, select, input, .state")) {
    if (box.getClientRects().length) look(box, getComputedStyle(box).borderTopColor, 3, "edge");
  }
  for (const box of document.querySelectorAll("#plot .bar, .key-today")) {
    if (box.getClientRects().length) look(box.parentElement, box.closest("svg") ? getComputedStyle(box).fill : getComputedStyle(box).backgroundColor, 3, "bar");
  }
  for (const box of document.querySelectorAll("#plot .usual-line")) look(box.parentElement, getComputedStyle(box).stroke, 3, "line");
  return faint;
}"""
"""What is too faint, from the colours as rendered: text below 4.5, edges of controls and shapes below 3 (WCAG 1.4.3, 1.4.11)."""


async def test_axe_finds_nothing_while_the_connection_is_lost_or_a_dialog_is_open(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        await page.click("#curve-open")
        await _nothing_found(page)
        await page.keyboard.press("Escape")
        await made.close()
        await expect(page.locator("#state")).to_contain_text("No connection", timeout=TIMEOUT_MS)
        await _nothing_found(page)
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
            await _resize(page, ViewportSize(width=width, height=height))
            assert await page.evaluate(CUT_OFF) == [], (width, height)
            assert await page.locator("#lines tr:visible").count() == 4


async def _resize(page: Page, size: ViewportSize) -> None:
    """Returns once the page has drawn itself anew."""
    await page.set_viewport_size(size)
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


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
            await _resize(page, ViewportSize(width=width, height=800))
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
        await _frames_pass(page)
        assert await text_of(page, "main") == held
        await page.click("#pause")
        await expect(page.locator("main")).not_to_have_text(held, timeout=TIMEOUT_MS)
        await expect(page.locator("#state")).to_contain_text("Live", timeout=TIMEOUT_MS)


async def _frames_pass(page: Page) -> None:
    """Two seconds of the page's own time: twenty frames, and two of its own ticks."""
    await page.evaluate("() => new Promise((done) => setTimeout(done, 2000))")


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
        await _frames_pass(page)
        assert await text_of(page, "#announce") == said  # at most once a minute


# --- when something is wrong ------------------------------------------------------------------------------


async def test_a_lost_connection_is_said_and_made_again(browser: Browser) -> None:
    async with wall(browser) as made:
        page = await made.page()
        await made.close()
        await expect(page.locator("#state")).to_contain_text("No connection", timeout=TIMEOUT_MS)
        assert "What stands here is from then" in await text_of(page, "#notice-words")
        assert await page.evaluate("document.body.hasAttribute('data-stale')")
        stood = await text_of(page, "#lines")
        await _frames_pass(page)
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
        await _nothing_found(page)


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


# --- who may see it, and what -----------------------------------------------------------------------------


def told(*tokens: str) -> WallboardSettings:
    return WallboardSettings(port=0, tokens=tuple(map(Secret, tokens)), frame_ms=100)


async def test_a_token_is_asked_for_and_kept_in_the_tab(browser: Browser) -> None:
    async with wall(browser, settings=told(TOKEN)) as made:
        page = await made.page(shown=False)
        await expect(page.locator("#token-dialog")).to_be_visible(timeout=TIMEOUT_MS)
        await _nothing_found(page)
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


async def test_a_desk_can_be_chosen_and_stays_in_the_address(browser: Browser) -> None:
    writer = made_up()
    beta = Desk(desk_id="beta", queues=(Queue(queue_id="beta-calls"),))
    writer.fact(d.DeskApplied(desk=beta), desk_id="beta")
    writer.desk_id = "beta"
    async with wall(browser, writer=writer) as made:
        made.arrives("b-1", "beta-calls")
        page = await made.page()
        assert await text_of(page, "#desk") == "All desks"
        await _nothing_found(page)
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
