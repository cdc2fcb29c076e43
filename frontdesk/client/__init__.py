"""A client of Frontdesk's services: asyncio, typed, with retries and resume (docs/clients.md).

    async with RouterClient("dns:///frontdesk-router:50051") as router:
        contact = await router.get_contact("acme", contact_id)
        async for decision in router.watch("acme"):
            ...

    async with AgentDesktop("10.0.0.7:50051,10.0.0.8:50051", "acme", "ana") as desktop:
        await desktop.send(sign_in=AgentSignedIn())
        async for notice in desktop.notices():
            if notice.WhichOneof("message") == "offer":
                await desktop.accept(notice.offer.offer_id)

It depends on grpcio, grpcio-status and the generated stubs of `frontdesk.v1`, and on nothing else of the project. Every
call is repeated within its deadline, a write under one id, so that it takes effect once whatever happens between.
"""

from frontdesk.client.desktop import AgentDesktop
from frontdesk.client.endpoint import Endpoint, Tls
from frontdesk.client.errors import ClientError, NoAnswer, Refused, SessionLost
from frontdesk.client.hands import Hands
from frontdesk.client.intake import IntakeClient
from frontdesk.client.retry import Backoff
from frontdesk.client.router import RouterClient

__all__ = [
    "AgentDesktop",
    "Backoff",
    "ClientError",
    "Endpoint",
    "Hands",
    "IntakeClient",
    "NoAnswer",
    "Refused",
    "RouterClient",
    "SessionLost",
    "Tls",
]
