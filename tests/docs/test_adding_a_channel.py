"""The example in docs/adding-a-channel.md is a whole provider, and works."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

from services.intake.canonical import Delivery, Known, Reading
from services.intake.channels.provider import Provider

PAGE = Path(__file__).resolve().parents[2] / "docs/adding-a-channel.md"
MESSAGE = {
    "id": "m1",
    "page": "p",
    "room": "r",
    "from": {"id": "u1", "name": "Ana"},
    "at": 1_775_217_600,
    "text": "Hi",
}


def provider() -> Provider:
    """What the page's only Python block declares."""
    (block,) = re.findall(
        r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    names: dict[str, Any] = {}
    exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - our own document
    found = names["PROVIDER"]
    assert isinstance(found, Provider)
    return found


def read(body: Any, *, key: str = "new") -> Reading:
    raw = json.dumps(body).encode()
    mac = hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
    example = provider()
    ((path, adapter),) = example.hooks.items()
    delivery = Delivery.of("POST", f"https://desk.example{path}", [("X-Acme-Signature", mac)], raw, 0)
    return adapter.read(delivery, Known(values={example.settings[0].name: ("old", "new")}))


def test_the_example_reads_a_message() -> None:
    (event,) = read({"event": "message", "message": MESSAGE}).events

    assert event.customer is not None
    assert (event.text, event.customer.value, event.thread_id) == ("Hi", "u1", "r")


def test_the_example_refuses_counts_and_keeps_as_the_page_says() -> None:
    assert read({"event": "message", "message": MESSAGE}, key="other").reply.status == 403
    assert read({"event": "typing"}).dropped == ("typing",)
    assert [one.reason for one in read({"event": "dance"}).problems] == ["unknown_event"]
    assert [one.reason for one in read({"event": "message", "message": []}).problems] == ["unreadable"]
