"""Links between customers as people see and say them: on a card, and from two contacts that an agent names."""

from __future__ import annotations

import grpc

from frontdesk.v1 import router_pb2
from services.contract import facts, ids
from services.contract.codec import to_message
from services.router.decide.identities import AGENT_STATEMENT
from services.router.model import Contact, DeskState
from services.runtime.rpc import Refusal

LINKS_SHOWN_MAX = 50
"""Links of a customer on one card."""


def customer_links(desk: DeskState, key: str) -> list[router_pb2.CustomerLink]:
    """Links of a customer's identities, by ids and keyed hashes only; weak ones are for the agent to judge."""
    return [
        router_pb2.CustomerLink(
            link_id=link.link_id,
            identity=to_message(link.far_end(key)),
            strength=int(link.strength),  # type: ignore[arg-type] # an open enum's number
            statement=link.statement,
            case_ids=desk.customers.get(link.far_end(key).key, ()),
        )
        for link in desk.links.touching(desk.links.group(key))[:LINKS_SHOWN_MAX]
    ]


def link_of(request: router_pb2.LinkCustomersRequest, desk: DeskState) -> facts.IdentityLinked:
    """The link between the identities that two contacts came with; raises Refusal for one that is not there."""
    contacts = [desk.contacts.get(one) for one in (request.contact_id, request.other_contact_id)]
    one, other = (_customer(contact) for contact in contacts)
    return facts.IdentityLinked(
        link_id=ids.link_id(request.desk_id, one.key, other.key, AGENT_STATEMENT),
        one=one,
        other=other,
        strength=facts.LinkStrength.STRONG,
        statement=AGENT_STATEMENT,
    )


def _customer(contact: Contact | None) -> facts.CustomerRef:
    """The identity of a contact, as far as decisions know it."""
    if contact is None:
        raise Refusal(
            grpc.StatusCode.NOT_FOUND,
            "CONTACT_NOT_FOUND",
            "contact_id and other_contact_id must be contacts of this desk that were not closed long ago",
        )
    opened = contact.opened
    return facts.CustomerRef(
        type=opened.customer_type, key=opened.customer_key, verified=opened.customer_verified
    )
