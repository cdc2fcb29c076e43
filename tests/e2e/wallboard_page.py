"""A wallboard of a made-up day and the Chromium that looks at it, for all tests of the page.

Each test has a page of its own, and whatever it asks for or complains about is looked at.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, Request, ViewportSize
from prometheus_client import CollectorRegistry

from services.contract import decisions as d
from services.contract.facts import Channel
from services.metrics.ledger import Ledger
from services.metrics.store import Board
from services.metrics.wallboard.assets import Assets
from services.metrics.wallboard.build import Wallboard
from services.metrics.wallboard.settings import WallboardSettings
from services.runtime.clock import ManualClock
from tests.unit.metrics.wallboard_day import NOW_MS, made_up
from tests.unit.metrics.world import Writer

WALL, PHONE = ViewportSize(width=1920, height=1080), ViewportSize(width=390, height=844)
TIMEOUT_MS = 30_000
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


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


async def resize(page: Page, size: ViewportSize) -> None:
    """Returns once the page has drawn itself anew."""
    await page.set_viewport_size(size)
    await page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


async def frames_pass(page: Page) -> None:
    """Two seconds of the page's own time: twenty frames, and two of its own ticks."""
    await page.evaluate("() => new Promise((done) => setTimeout(done, 2000))")


async def nothing_found(page: Page) -> None:
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
