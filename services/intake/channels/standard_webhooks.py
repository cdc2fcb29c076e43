"""The generic webhook: a contact in Frontdesk's own words, signed by Standard Webhooks.

    {"type": "contact.message", "timestamp": "2026-04-03T12:00:00Z", "data": {...}}

The data is that of CloudEvents (docs/channels/contact-event.schema.json). The id is the header `webhook-id`, which is
signed and the same at each repetition.
"""

from __future__ import annotations

from services.intake.canonical import Collector, Delivery, Known, Problem, ProviderReply, Verdict
from services.intake.channels.adapter import Adapter
from services.intake.channels.contact_events import kind_of, read_contact
from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.standard_signature import keys_fault, verify_standard
from services.intake.values import load_json, mail_date_ms, text

KEYS = ProviderSetting(
    name="FRONTDESK_WEBHOOK_SIGNING_KEYS",
    says="Standard Webhooks keys that sign the generic webhook (`whsec_` shared, `whpk_` public)",
    in_cases=("webhook_secret", "webhook_secrets", "signing_secret", "secret"),
    fault=keys_fault,
)


def verify(delivery: Delivery, known: Known) -> Verdict:
    return verify_standard(delivery, known.of(KEYS))


def parse(delivery: Delivery, known: Known, found: Collector) -> None:
    """One event a request; may raise Unreadable."""
    body = load_json(delivery.body)
    kind = kind_of(text(body.get("type")))
    if not kind:
        found.problems.append(Problem("unknown_event", "type is none of ours", delivery.body))
        return
    found.events.append(
        read_contact(
            kind,
            body.get("data"),
            known,
            event_id=delivery.headers["webhook-id"],
            at_ms=mail_date_ms(body.get("timestamp")),
        )
    )


def reply(delivery: Delivery, known: Known) -> ProviderReply:
    del delivery, known
    return ProviderReply(200, body="OK")


PROVIDER = Provider(
    name="standard_webhooks",
    title="Generic webhook (Standard Webhooks)",
    media=("any that the event names",),
    verified_by="HMAC-SHA256 or Ed25519 over id, timestamp and raw body, within 5 minutes",
    event_id="webhook-id",
    page="standard-webhooks",
    hooks={"/hooks/webhook": Adapter("standard_webhooks", verify, parse, reply)},
    settings=(KEYS,),
)
