"""frontdesk replay: what intake makes of recorded deliveries, one JSON line a case.

A case is one HTTP request (or one mail for SMTP) with the secrets that verify it and the instant it came:

    {"case": "...", "received_at": "2026-04-03T08:01:00Z", "secrets": {"auth_token": "..."},
     "request": {"method": "POST", "url": "https://...", "headers": {...}, "body": "..."}}

It goes through the very code that a server runs. Exit status: 0, or 1 when a case could not be replayed.
"""

from __future__ import annotations

import argparse
import json
import sys
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from services.intake.accounts import Accounts
from services.intake.canonical import CanonicalEvent, Delivery, Known
from services.intake.channels import PATHS, PROVIDERS
from services.intake.facts import contact_id, opens_contact
from services.intake.interpret import Interpreted, Interpreter
from services.intake.mail.delivery import Envelope, read_mail
from services.intake.need.language import Languages
from services.intake.need.reader import Need, NeedReader
from services.intake.served import served
from services.intake.settings import LANGUAGES_DEFAULT

DESK = "replay"
_SECRET = b"replay only: keys of no deployment"
EPILOG = """examples:
  frontdesk replay delivery.json
  frontdesk replay examples/morning/deliveries/*.json | grep '"signature_valid": false'

a recorded delivery:
  {"received_at": "2026-04-03T08:01:00Z", "secrets": {"auth_token": "..."},
   "request": {"method": "POST", "url": "https://...", "headers": {"...": "..."}, "body": "..."}}"""


class NoAdapter(Exception):
    """No module reads this case's path."""


def main(argv: Sequence[str]) -> int:
    """Prints a line a case; 1 when one could not be replayed."""
    parser = argparse.ArgumentParser(
        prog="frontdesk replay",
        description="Shows what intake makes of recorded deliveries, one JSON line a case. Nothing is published.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a recorded delivery (JSON)")
    failed = False
    for line in replay_cases(parser.parse_args(argv).files):
        failed |= "error" in line
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    return 1 if failed else 0


def replay_cases(paths: Iterable[Path], *, accounts: Accounts | None = None) -> Iterator[dict[str, Any]]:
    """A line per case, in order; a case that cannot be replayed has an `error` instead of events."""
    replay = Replay(accounts or Accounts(default_desk=DESK))
    for path in paths:
        try:
            yield replay.line(json.loads(path.read_text(encoding="utf-8")), path.parent)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, NoAdapter) as error:
            yield {"case": path.stem, "error": _words(error)}


class Replay:
    """Replays cases with one language model."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._needs = NeedReader(Languages(LANGUAGES_DEFAULT), time_limit_ms=10_000)

    def line(self, case: Mapping[str, Any], folder: Path = Path()) -> dict[str, Any]:
        """The line of one case, whose files stand beside `folder`; raises NoAdapter when nobody reads its path."""
        found = self.interpret(case, folder)
        reply, at_ms = found.reading.reply, received_at_ms(case)
        http: dict[str, Any] = {"status": reply.status, "content_type": reply.content_type}
        if reply.body:
            http["body"] = reply.body
        return {
            "case": case.get("case"),
            "signature_valid": found.reading.verdict.signature_valid,
            "http": http,
            "events": [event_line(found.source, event, need, at_ms) for event, need in _each_once(found)],
            "facts": [{"fact_id": fact.fact_id, "kind": type(fact.body).__name__} for fact in found.facts],
            "dropped": list(found.reading.dropped),
            "dead_letters": [
                {"reason": problem.reason, "detail": problem.detail} for problem in found.problems
            ],
        }

    def interpret(self, case: Mapping[str, Any], folder: Path = Path()) -> Interpreted:
        """What intake makes of a case."""
        known = known_of(case.get("secrets") or {}, self._accounts)
        interpreter = Interpreter(known, self._accounts, self._needs, _SECRET)
        at_ms = received_at_ms(case)
        if "smtp" in case:
            mail = case["smtp"]
            envelope = Envelope(mail["mail_from"], tuple(mail["rcpt_to"]), mail["data"].encode(), at_ms)
            return interpreter.events("smtp", read_mail(envelope), envelope.data, at_ms)
        delivery = delivery_of(case["request"], at_ms)
        path = urlsplit(delivery.url).path
        adapter = PATHS.get(path.removesuffix("/"))
        if adapter is None:
            raise NoAdapter(f"no provider reads {path}")
        return interpreter.webhook(adapter, served(adapter, delivery, known, case, folder))


def _each_once(found: Interpreted) -> list[tuple[CanonicalEvent, Need]]:
    """Events with their needs; what stands twice in one delivery is one event, as it is one fact."""
    once: list[tuple[CanonicalEvent, Need]] = []
    for event, need in zip(found.reading.events, found.needs, strict=True):
        if all(event != earlier for earlier, _ in once):
            once.append((event, need))
    return once


def delivery_of(request: Mapping[str, Any], at_ms: int) -> Delivery:
    """The request of a case, byte for byte."""
    body = (
        b64decode(request["body_base64"])
        if "body_base64" in request
        else (request.get("body") or "").encode()
    )
    headers = [(name, str(value)) for name, value in (request.get("headers") or {}).items()]
    return Delivery.of(request.get("method", "POST").upper(), request["url"], headers, body, at_ms)


def received_at_ms(case: Mapping[str, Any]) -> int:
    """The case's instant; now when it does not say one."""
    at = case.get("received_at")
    moment = datetime.fromisoformat(at) if at else datetime.now(UTC)
    return int(moment.timestamp() * 1000)


def known_of(secrets: Mapping[str, Any], accounts: Accounts) -> Known:
    """A case's secrets under the names that cases use; a list is several keys."""

    def keys(*names: str) -> tuple[str, ...]:
        found: list[str] = []
        for name in names:
            value = secrets.get(name)
            found.extend([value] if isinstance(value, str) else value or ())
        return tuple(found)

    settings = (setting for provider in PROVIDERS for setting in provider.settings)
    given = {setting.name: keys(*setting.in_cases) or setting.absent_in_cases for setting in settings}
    return Known(values={name: found for name, found in given.items() if found}, regions=accounts.regions)


def event_line(source: str, event: CanonicalEvent, need: Need, at_ms: int) -> dict[str, Any]:
    """An event under the names of the outside cases (channels.md 1)."""
    line: dict[str, Any] = {
        "channel": event.channel,
        "medium": event.medium,
        "provider_event_id": event.provider_event_id,
        "kind": event.kind,
        "direction": event.direction,
        "customer": _customer(event),
        "thread_id": event.thread_id,
        "timestamp_utc": utc(event.occurred_at_ms or at_ms),
        "subject": event.subject or None,
        "text": event.text or None,
        "language": _language(event, need),
        "topic": need.topics[0].topic_id if need.topics else None,
        "account": event.account,
    }
    optional = {
        "in_reply_to": event.in_reply_to,
        "public": event.public,
        "complaint": need.complaint,
        "urgent": need.urgent,
        "opted_out": need.opted_out,
        "attachments": event.attachments,
        "reference": event.reference,
        "question_id": need.question_id,
        "decisions_needed": [
            {
                "decision_type": one.decision.decision_type,
                "amount_minor": one.decision.amount_minor,
                "weight": one.weight,
            }
            for one in need.decisions
            if one.decision is not None
        ],
        "contact_id": contact_id(source, event) if opens_contact(event) else "",
    }
    line.update({name: value for name, value in optional.items() if value})
    if event.reports:
        line["recipients"] = [
            {"recipient": one.recipient, "action": one.action or None, "status": one.status or None}
            for one in event.reports
        ]
    if event.about_id:
        name = "original_message_id" if event.kind in ("bounce", "complaint") else "about_id"
        line[name] = event.about_id.strip("<>")
    if event.rating is not None:
        line |= {"rating": event.rating.value, "rating_scale": event.rating.scale}
    if need.decision is not None:
        line["decision_wanted"] = {
            "decision_type": need.decision.decision_type,
            "amount_minor": need.decision.amount_minor,
            "currency": need.decision.currency,
            "stated": need.decision.stated,
        }
    line.update(event.extras)
    return line


def _language(event: CanonicalEvent, need: Need) -> str | None:
    """Of what was said; of Serbian its standard, where something names it: hr, bs."""
    if need.language is None or not (event.text or event.subject):
        return None
    return need.language.variant or need.language.code or None


def _customer(event: CanonicalEvent) -> dict[str, str | None] | None:
    customer = event.customer
    if customer is None or not (customer.value or customer.type):
        return None
    line: dict[str, str | None] = {"type": customer.type, "value": customer.value or None}
    if customer.name:
        line["name"] = customer.name
    if customer.handle:
        line["handle"] = customer.handle
    if customer.scoped_id:
        line["bsuid"] = customer.scoped_id
    return line


def utc(epoch_ms: int) -> str:
    """2026-04-03T08:01:00Z, with milliseconds where there are some."""
    moment = datetime.fromtimestamp(epoch_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds" if epoch_ms % 1000 else "seconds").replace("+00:00", "Z")


def _words(error: Exception) -> str:
    if isinstance(error, NoAdapter):
        return str(error)
    return f"not a recorded delivery: {type(error).__name__}: {error}"
