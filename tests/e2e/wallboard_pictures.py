"""Takes the pictures of docs/wallboard.md anew, of a made-up day: python -m tests.e2e.wallboard_pictures"""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from playwright.async_api import ViewportSize, async_playwright
from prometheus_client import CollectorRegistry

from services.metrics.ledger import Ledger
from services.metrics.store import Board
from services.metrics.wallboard.build import Wallboard
from services.metrics.wallboard.settings import WallboardSettings
from services.runtime.clock import ManualClock
from tests.unit.metrics.wallboard_day import NOW_MS, made_up

IMAGES = Path(__file__).resolve().parents[2] / "docs/images"
TIMEOUT_MS = 120_000
PICTURES = (
    ("dark", "dark", 1920, 1080, 2 / 3, 0),
    ("light", "light", 1920, 1080, 2 / 3, 0),
    ("old-data", "dark", 1920, 1080, 1 / 3, 6 * 60_000),
    ("phone", "light", 390, 1000, 1, 0),
)
"""Name, scheme, size, pixels of the picture per pixel of the page, and how old the data are in milliseconds."""


async def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    board, ledger, clock = Board(1), Ledger(0), ManualClock(NOW_MS)
    board.own(ledger, target=0)
    for offset, record in enumerate(made_up().records):
        ledger.apply(offset, record)
    wallboard = Wallboard(WallboardSettings(port=0), board=board, clock=clock, registry=CollectorRegistry())
    port = await wallboard.open("127.0.0.1")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[] if os.geteuid() else ["--no-sandbox"]
        )
        for name, scheme, width, height, scale, late_ms in PICTURES:
            clock.advance_ms(late_ms)
            page = await browser.new_page(
                viewport=ViewportSize(width=width, height=height),
                device_scale_factor=scale,
                color_scheme="dark" if scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page.set_default_timeout(TIMEOUT_MS)
            await page.goto(f"http://127.0.0.1:{port}/")
            await page.wait_for_selector("#cards:not([hidden])")
            await page.screenshot(path=IMAGES / f"wallboard-{name}.png", timeout=TIMEOUT_MS)
            clock.advance_ms(-late_ms)
        await browser.close()
    await wallboard.close()


if __name__ == "__main__":
    asyncio.run(main())
