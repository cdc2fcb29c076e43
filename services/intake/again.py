"""Webhooks that came to dead letters are read once more, after what was wrong has been mended: an account that no desk
had, a reader of ours.

They were verified when they came; what signed them is not kept. Their facts have the ids that they would have had then, so
a letter that is read twice, or that its provider repeats after all, is one fact for as long as ids are remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from services.intake.canonical import Delivery, Known
from services.intake.channels.adapter import ACCOUNT_KEPT, COME_BACK, Adapter
from services.intake.channels.query import parameter
from services.intake.gather import Gatherer
from services.intake.interpret import Interpreted, Interpreter
from services.intake.publish import Publisher
from services.intake.taking import Taker
from services.runtime.clock import Clock
from services.runtime.dead_letters import DATA_BYTES_MAX, Request

DAYS_MAX = 7
"""The router knows a fact by its id for eight days: until then what was taken of a delivery cannot be taken twice."""
DAY_MS = 86_400_000
_HEADERS = frozenset({"content-type", "webhook-id", ACCOUNT_KEPT})
_ATTRIBUTES = "ce-"
"""CloudEvents' attributes of a binary request."""
_ACCOUNT = "account"
"""The parameter of a URL that says for which account it is (Trustpilot)."""
NOT_HAD = "what it cannot be read without could not be had; try again later"


class NotReadable(Exception):
    """A request that cannot be read again; `field` and the text say why."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def with_request(
    path: str, adapter: Adapter, delivery: Delivery, known: Known, found: Interpreted
) -> Interpreted:
    """What a delivery came to, with how it can be read again where it left problems. A GET has no body to keep."""
    verdict = found.reading.verdict
    if not found.problems or not verdict.signature_valid or delivery.method != "POST":
        return found
    headers = {name: value for name, value in delivery.headers.items() if _is_read(name)}
    told = adapter.account(delivery, known)
    if told:
        headers[ACCOUNT_KEPT] = told
    account = parameter(delivery, _ACCOUNT)  # the URL's other parameters are secrets
    url = f"{path}?{urlencode({_ACCOUNT: account})}" if account else path
    return replace(found, request=Request(path=url, scheme=verdict.scheme, headers=headers))


def _is_read(name: str) -> bool:
    """Whether a reader looks at it; those of signatures are for verifying only."""
    return name in _HEADERS or name.startswith(_ATTRIBUTES)


@dataclass(frozen=True)
class Rereader:
    """Reads the requests of letters and publishes their facts; what still cannot be read makes no other letter."""

    paths: Mapping[str, Adapter]
    interpreter: Interpreter
    taker: Taker
    publisher: Publisher
    gatherer: Gatherer
    clock: Clock

    async def read(self, request: Request, body: bytes, received_at_ms: int) -> Interpreted:
        """What it comes to now, its facts durable; what is left of its problems is told. Raises NotReadable, and
        LogError where the log did not take it."""
        adapter, now_ms = self.paths.get(request.path.partition("?")[0]), self.clock.now_ms()
        if adapter is None:
            raise NotReadable("path", "is no webhook's")
        if len(body) > DATA_BYTES_MAX:
            raise NotReadable(
                "body", f"is longer than {DATA_BYTES_MAX} bytes, of which a letter has a part only"
            )
        if now_ms - received_at_ms > DAYS_MAX * DAY_MS:
            raise NotReadable(
                "received_at", f"is more than {DAYS_MAX} days ago: some of it may be taken twice"
            )
        headers = {name: value for name, value in request.headers.items() if _is_read(name)}
        delivery = Delivery("POST", request.path, headers, body, received_at_ms, was_verified=True)
        delivery = await self.gatherer.completed(adapter, delivery)
        found = await self.taker.read(
            adapter.source, body, lambda: self.interpreter.again(adapter, delivery, request.scheme, now_ms)
        )
        await self.publisher.publish(adapter.source, found.facts, (), now_ms=now_ms, data=body)
        return found


def problems(found: Interpreted) -> list[str]:
    """Why parts of it came to nothing once more, without any value of it."""
    said = [f"{one.reason}: {one.detail}" for one in found.problems]
    if found.reading.reply == COME_BACK:
        said.append(NOT_HAD)
    return said
