"""A customer system: says which identities are one customer's, hands a ticket in, and follows it until it is settled.

    python examples/clients/crm.py --router 127.0.0.1:50051 --desk acme --ticket 4711 \\
        ida@example.com +4915112345678 "Where is my parcel?"
"""

from __future__ import annotations

import argparse
import asyncio

from frontdesk.client import IntakeClient, Refused, RouterClient
from frontdesk.v1.facts_pb2 import (
    CHANNEL_EMAIL,
    LINK_STRENGTH_STRONG,
    ContactArrived,
    CustomerRef,
    IdentityLinked,
)
from frontdesk.v1.router_pb2 import CONTACT_STATE_CLOSED


async def hand_in(
    router: str, intake_at: str, desk_id: str, ticket: str, email: str, phone: str, text: str
) -> None:
    """Every request_id is made of the ticket's number, so running this again changes nothing."""
    ida, by_phone = CustomerRef(type="email", value=email), CustomerRef(type="phone", value=phone)
    async with IntakeClient(intake_at) as intake, RouterClient(router) as asked:
        link = IdentityLinked(one=ida, other=by_phone, strength=LINK_STRENGTH_STRONG, statement="crm")
        await intake.submit(desk_id, request_id=f"customer-{email}", identity_linked=link)
        contact = ContactArrived(
            channel=CHANNEL_EMAIL, medium="web_form", customer=ida, thread_id=f"ticket-{ticket}", text=text
        )
        taken = await intake.submit(desk_id, request_id=f"ticket-{ticket}", contact_arrived=contact)
        print(f"ticket {ticket} is contact {taken.contact_id}")
        await follow(asked, desk_id, taken.contact_id)


async def follow(router: RouterClient, desk_id: str, contact_id: str) -> None:
    """Tells where the contact stands whenever that changes, and the end of its case."""
    told = ""
    while True:
        try:
            contact = await router.get_contact(desk_id, contact_id)
        except Refused as error:
            if error.reason != "CONTACT_NOT_FOUND":  # not decided yet
                raise
        else:
            if contact.owner_id:
                stands = f"with {contact.owner_id}"
            else:
                stands = await wait(router, desk_id, contact_id)
            if stands != told:
                print(stands)
                told = stands
            if contact.state == CONTACT_STATE_CLOSED:
                case = await router.get_case(desk_id, contact.case_id, min_position=contact.position)
                end = "settled" if case.HasField("resolved_at") else "ended"
                print(f"case {case.case_id}: {end} by {case.agent_id or 'nobody'}")
                return
        await asyncio.sleep(0.2)


async def wait(router: RouterClient, desk_id: str, contact_id: str) -> str:
    """What the customer may be told of the wait."""
    try:
        estimate = await router.estimate_wait(desk_id, contact_id=contact_id)
    except Refused as error:
        if error.reason != "NOT_WAITING":
            raise
        return "an agent is being asked"
    if not estimate.HasField("expected_wait"):
        return "waits; nobody is at work"
    return f"waits, about {estimate.expected_wait.ToSeconds()} s"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("email")
    parser.add_argument("phone", help="in E.164 form")
    parser.add_argument("text")
    parser.add_argument("--ticket", required=True)
    parser.add_argument("--router", default="127.0.0.1:50051", help="one target, or several with commas")
    parser.add_argument("--intake", help="where intake is a process of its own; else the router's")
    parser.add_argument("--desk", default="acme")
    options = parser.parse_args()
    asyncio.run(
        hand_in(
            options.router,
            options.intake or options.router,
            options.desk,
            options.ticket,
            options.email,
            options.phone,
            options.text,
        )
    )
