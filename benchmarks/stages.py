"""Where a delivery's CPU goes, stage by stage, in one process without HTTP and without the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from benchmarks.deliveries import PUBLIC, SECRET, SLACK, TOKEN, requests
from services.contract.codec import encode_fact
from services.intake.accounts import Account
from services.intake.canonical import Delivery, Known
from services.intake.channels import PATHS, meta, slack, twilio
from services.intake.facts import fact_of
from services.intake.need.language import Languages
from services.intake.need.reader import NeedReader
from services.intake.settings import LANGUAGES_DEFAULT

COUNT = 4_000
KNOWN = Known(
    values={
        twilio.TOKENS.name: (TOKEN,),
        meta.APP_SECRETS.name: (SECRET,),
        slack.SIGNING_SECRETS.name: (SLACK,),
    }
)
DESK = Account("acme")
NOW_MS = int(time.time() * 1000)
"""Slack's signatures count for five minutes."""
T = TypeVar("T")
S = TypeVar("S")


def costs() -> dict[str, float]:
    """Microseconds of CPU by stage; the second of two passes, so that all is warm."""
    needs = NeedReader(Languages(LANGUAGES_DEFAULT), time_limit_ms=1_000)
    deliveries = [_delivery(raw) for raw in requests(COUNT)]
    found: dict[str, float] = {}
    for _ in range(2):
        found["verify"], _verdicts = _timed(lambda one: PATHS[one[0]].verify(one[1], KNOWN), deliveries)
        whole, readings = _timed(lambda one: PATHS[one[0]].read(one[1], KNOWN), deliveries)
        found["read"] = whole - found["verify"]
        pairs = [(path, reading.events[0]) for (path, _), reading in zip(deliveries, readings, strict=True)]
        found["need"], read = _timed(lambda one: needs.read(one[1], ""), pairs)
        facts = zip(pairs, read, strict=True)
        found["fact"], made = _timed(lambda one: _fact(one[0][0], one[0][1], one[1]), list(facts))
        found["encode"], _encoded = _timed(encode_fact, made)
    return found


def _fact(path: str, event: Any, need: Any) -> Any:
    return fact_of(
        event,
        need,
        DESK,
        source=PATHS[path].source,
        scheme="bench",
        secret=b"k" * 32,
        received_at_ms=NOW_MS,
    )


def _timed(work: Callable[[T], S], items: Sequence[T]) -> tuple[float, list[S]]:
    began = time.process_time()
    results = [work(one) for one in items]
    return (time.process_time() - began) / len(items) * 1e6, results


def _delivery(raw: bytes) -> tuple[str, Delivery]:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    path = first.split()[1]
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return path, Delivery.of("POST", PUBLIC + path, headers, body, NOW_MS)
