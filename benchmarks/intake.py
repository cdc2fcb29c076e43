"""What intake costs per delivery: verify, parse, need, desk, fact, encode; one core, warm (channels.md 7, goal 15).

The deliveries are the recorded morning of examples/, so they are the same on every machine. The ratio is the
p99 to the goal of 5 ms; the reference for the whole is what the signature alone costs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measure import Figure, percentile
from services.contract.codec import encode_fact
from services.intake.accounts import Accounts
from services.intake.canonical import Known
from services.intake.channels import PATHS, meta, postmark, twilio
from services.intake.interpret import Interpreter
from services.intake.mail.delivery import Envelope, read_mail
from services.intake.need.language import Languages
from services.intake.need.reader import NeedReader
from services.intake.replay import delivery_of, received_at_ms
from services.intake.settings import LANGUAGES_DEFAULT

MORNING = Path(__file__).resolve().parent.parent / "examples" / "morning" / "deliveries"
ROUNDS = 100
GOAL_MS = 5.0
KNOWN = Known(
    values={
        twilio.TOKENS.name: ("demo-twilio-token",),
        postmark.BASIC_AUTH.name: ("demo:postmark-password",),
        meta.APP_SECRETS.name: ("demo-meta-secret",),
    }
)


async def run(bootstrap: str) -> list[Figure]:
    """p50 and p99 of webhooks and of mails; no broker is needed, and none is asked."""
    del bootstrap
    webhooks, mails = _work()
    for work in (webhooks, mails):
        _milliseconds(work, 3)  # warm
    signing = percentile(_milliseconds([_signature], ROUNDS * 10), 0.5)
    hooks, letters = _milliseconds(webhooks, ROUNDS), _milliseconds(mails, ROUNDS)
    return [
        Figure("a webhook, verified to encoded fact, p50", percentile(hooks, 0.5), "ms"),
        Figure("a webhook, verified to encoded fact, p99", percentile(hooks, 0.99), "ms"),
        Figure("a webhook's p99 as a share of the goal of 5 ms", percentile(hooks, 0.99) / GOAL_MS, "x"),
        Figure("a webhook's p50 over one HMAC of its size", percentile(hooks, 0.5) / signing, "x"),
        Figure("a mail by SMTP, bytes to encoded fact, p50", percentile(letters, 0.5), "ms"),
        Figure("a mail by SMTP, bytes to encoded fact, p99", percentile(letters, 0.99), "ms"),
    ]


def _work() -> tuple[list[Callable[[], None]], list[Callable[[], None]]]:
    interpreter = Interpreter(
        KNOWN, Accounts(default_desk="acme"), NeedReader(Languages(LANGUAGES_DEFAULT)), b"k" * 16
    )
    webhooks: list[Callable[[], None]] = []
    mails: list[Callable[[], None]] = []
    for path in sorted(MORNING.glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        at_ms = received_at_ms(case)
        if "smtp" in case:
            mail = case["smtp"]
            envelope = Envelope(mail["mail_from"], tuple(mail["rcpt_to"]), mail["data"].encode(), at_ms)
            mails.append(lambda e=envelope: _mail(interpreter, e))  # type: ignore[misc] # bound now
        else:
            delivery = delivery_of(case["request"], at_ms)
            adapter = PATHS[urlsplit(delivery.url).path]

            def hook(adapter=adapter, delivery=delivery) -> None:  # type: ignore[no-untyped-def] # bound now
                for fact in interpreter.webhook(adapter, delivery).facts:
                    encode_fact(fact)

            webhooks.append(hook)
    return webhooks, mails


def _mail(interpreter: Interpreter, envelope: Envelope) -> None:
    found = interpreter.events("smtp", read_mail(envelope), envelope.data, envelope.received_at_ms)
    for fact in found.facts:
        encode_fact(fact)


def _signature() -> None:
    hmac.new(b"demo-meta-secret", b"x" * 1_000, hashlib.sha256).hexdigest()


def _milliseconds(work: list[Callable[[], None]], rounds: int) -> list[float]:
    """How long each call took, over all rounds."""
    found = []
    for _ in range(rounds):
        for call in work:
            began = time.perf_counter()
            call()
            found.append((time.perf_counter() - began) * 1000)
    return found
