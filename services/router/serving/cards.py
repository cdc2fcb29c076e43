"""A contact as an agent sees it: what the router knows, with the customer's words and address from the facts.

Decisions hold no personal data, only a pointer to the fact; the words are read when an agent needs them and
are empty once the fact has expired.
"""

from __future__ import annotations

from dataclasses import replace

from frontdesk.v1 import router_pb2
from services.contract.codec import to_message
from services.contract.facts import ContactArrived
from services.router.model import Contact, DeskState
from services.router.serving.linking import customer_links
from services.router.serving.words import Words
from services.runtime.log import Log


class Cards:
    """Makes contact cards."""

    def __init__(self, source: Log) -> None:
        self._words = Words(source)

    def close(self) -> None:
        """Customers' words are remembered no longer."""
        self._words.close()

    async def card(
        self, partition: int, contact: Contact, desk: DeskState | None = None
    ) -> router_pb2.ContactCard:
        """The card; its words are empty when the fact is gone or unreadable, and while the log is away."""
        arrived = await self._words.of(partition, contact.fact_offset)
        card = router_pb2.ContactCard(
            contact_id=contact.contact_id,
            case_id=contact.case_id,
            channel=int(contact.channel),  # type: ignore[arg-type] # an open enum's number
            medium=contact.medium,
            language=contact.language,
            need=to_message(contact.need),
            complaint=contact.complaint,
            repeat=contact.repeat,
        )
        if desk is not None:
            card.customer_links.extend(customer_links(desk, contact.opened.customer_key))
        card.arrived_at.FromMilliseconds(contact.arrived_at_ms)
        if arrived is not None:
            _fill(card, arrived)
        return card


def _fill(card: router_pb2.ContactCard, arrived: ContactArrived) -> None:
    """What only the fact has: the customer's words, and where an answer goes."""
    if arrived.customer is not None:
        card.customer_name = arrived.customer.name
        card.customer.CopyFrom(to_message(replace(arrived.customer, key="")))
    card.subject, card.text, card.question = arrived.subject, arrived.text, arrived.question
    card.account, card.thread_id = arrived.account, arrived.thread_id
    card.provider_event_id, card.reference = arrived.provider_event_id, arrived.reference
    card.public, card.opted_out = arrived.public, arrived.opted_out
    card.attachment_count = arrived.attachment_count
