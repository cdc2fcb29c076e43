"""Who wrote a mail, and to which address of ours (channels.md 3.1)."""

from __future__ import annotations

import re

from services.intake import identity
from services.intake.canonical import Customer
from services.intake.mail.headers import Mailbox, mailboxes

_NO_REPLY = re.compile(
    r"^(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|noreply\d*|form[-_.]?mailer|wordpress|www-data|apache|webform)(?:[-+@.]|$)"
)


def customer_of(sender: Mailbox, reply_to: str) -> Customer:
    """From; Reply-To when From is a form mailer or a no-reply. A daemon or local host is nobody."""
    if _NO_REPLY.match(sender.address.lower()):
        for other in mailboxes(reply_to):
            found = identity.writer(other.address, other.name)
            if found.value and not _NO_REPLY.match(found.value):
                return found
    return identity.writer(sender.address, sender.name)


def plus_account(address: str, mailbox_hash: str = "") -> str:
    """Our address without its plus part, lower case."""
    plain = next((one.address for one in mailboxes(address) if "@" in one.address), address).lower()
    local, at, domain = plain.rpartition("@")
    if at and (mailbox_hash or "+" in local):
        local = local.partition("+")[0] or local
    return f"{local}{at}{domain}"


def plus_part(address: str) -> str:
    """What stands behind the plus of our address: a conversation's token, "" when there is none."""
    return address.rpartition("@")[0].partition("+")[2][:200]
