"""A contact as an agent sees it: what the router knows, with the customer's words from the facts.

Decisions hold no personal data, only a pointer to the fact; the words are read when an agent needs them and
are empty once the fact has expired.
"""

from __future__ import annotations

from frontdesk.v1 import router_pb2
from services.contract.codec import to_message
from services.router.linking import customer_links
from services.router.model import Contact, DeskState
from services.router.words import Words
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
            card.customer_name = arrived.customer.name if arrived.customer else ""
            card.subject, card.text = arrived.subject, arrived.text
            card.question = arrived.question
        return card
