"""Contact id of each recorded contact, by the name of its story: what intake derives from the delivery."""

from __future__ import annotations

from services.cli.demo.stories import Delivery, Morning
from services.contract.facts import ContactArrived, MentionSeen
from services.intake.accounts import Accounts
from services.intake.replay import Replay


def contact_ids(morning: Morning) -> dict[str, str]:
    """Ids by story name; raises ValueError for a story whose delivery is neither a contact nor a mention."""
    replay = Replay(Accounts(default_desk="acme"))
    return {delivery.name: _contact_id(delivery, replay) for delivery in morning.contacts}


def _contact_id(delivery: Delivery, replay: Replay) -> str:
    for fact in replay.interpret(delivery.case).facts:
        match fact.body:
            case ContactArrived() as contact:
                return contact.contact_id
            case MentionSeen(contact=ContactArrived() as contact):
                return contact.contact_id
    raise ValueError(f"{delivery.name} is no contact")
