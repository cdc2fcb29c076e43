"""A desktop that takes what it is offered and settles it: the shape of a real one, without its window.

python examples/clients/desktop.py --router 127.0.0.1:50051 --desk acme --contacts 3 ana
"""

from __future__ import annotations

import argparse
import asyncio

from frontdesk.client import AgentDesktop
from frontdesk.v1.facts_pb2 import AgentSignedIn, AgentStateChanged


async def work(router: str, desk_id: str, agent_id: str, contacts: int) -> None:
    """Signs in, works until so many contacts are settled, signs out."""
    async with AgentDesktop(router, desk_id, agent_id) as desktop:
        desktop.on_connection = lambda connected: print("connected" if connected else "connecting again")
        await desktop.send(sign_in=AgentSignedIn())
        async for notice in desktop.notices():
            match notice.WhichOneof("message"):
                case "offer":
                    offer = notice.offer
                    print(f"offered {offer.contact.contact_id}: {offer.why}")
                    reply = (await desktop.accept(offer.offer_id)).reply
                    if not reply.accepted:  # it was too late, or is somebody else's now
                        print(f"not taken: {reply.reason}")
                case "assigned":
                    contact = notice.assigned.contact
                    print(f"talking to {contact.customer_name or 'somebody'} about: {contact.text}")
                    await desktop.resolve(contact.contact_id, notice.assigned.epoch)
                case "released":
                    print(f"settled {notice.released.contact_id}")
                    contacts -= 1
                    if contacts == 0:
                        break
        offline = AgentStateChanged(presence="PRESENCE_OFFLINE", reason="signed_out")
        await desktop.send(set_presence=offline)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("agent_id")
    parser.add_argument("--router", default="127.0.0.1:50051", help="one target, or several with commas")
    parser.add_argument("--desk", default="acme")
    parser.add_argument("--contacts", type=int, default=0, help="end after so many; 0 never ends")
    options = parser.parse_args()
    asyncio.run(work(options.router, options.desk, options.agent_id, options.contacts or -1))
