"""Contact id of each recorded contact, by the name of its story: what intake derives from the delivery."""

from __future__ import annotations

from services.cli.demo.stories import Morning
from services.intake.accounts import Accounts
from services.intake.replay import Replay


def contact_ids(morning: Morning) -> dict[str, str]:
    """Ids by story name; a story whose delivery opens no contact raises KeyError, for then it is no contact."""
    replay = Replay(Accounts(default_desk="acme"))
    return {
        delivery.name: replay.line(delivery.case)["events"][0]["contact_id"] for delivery in morning.contacts
    }
