"""Who wrote a mail, and to which address of ours (channels.md 3.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.intake import identity
from services.intake.canonical import Customer
from services.intake.mail.headers import Mailbox, mailboxes

_NO_REPLY = re.compile(
    r"^(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|noreply\d*|form[-_.]?mailer|mailer(?=@)|wordpress|www-data|apache|web[-_.]?form"
    r"|contact[-_.]?form|kontaktformular)(?:[-+@.]|$)"
)
_EVERYBODYS = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "yahoo.com",
        "icloud.com",
        "me.com",
        "aol.com",
        "gmx.de",
        "gmx.net",
        "gmx.at",
        "web.de",
        "t-online.de",
        "proton.me",
        "protonmail.com",
        "uol.com.br",
        "bol.com.br",
        "sapo.pt",
        "siol.net",
    ]
)
"""Domains of mail providers, where another's address tells nothing of whose it is."""

_VIA = re.compile(
    r"^['\"]?(.{1,120}?)['\"]?\s+(?:via|über|por meio de|preko|преко|prek)\s+.{1,120}$", re.IGNORECASE
)
"""How lists rewrite a name: "'Ana Novak' via Support"."""


def customer_of(
    sender: Mailbox, reply_to: str, *, accounts: Sequence[str] = (), original_from: str = ""
) -> Customer:
    """From; Reply-To when From is a form mailer, a no-reply or one of our `accounts`.

    A shop's or site's address of our own domain whose Reply-To leads out of it is a form mailer, whatever its name. A daemon or local host is nobody. `original_from` is what a list that rewrote From says of it.
    """
    via = _VIA.match(sender.name)
    ours = sender.address.lower() in {account.lower() for account in accounts}
    form = _NO_REPLY.match(sender.address.lower()) or _is_own_form(sender, reply_to, accounts)
    if form or ours or (via and original_from):
        for other in (*mailboxes(original_from), *mailboxes(reply_to)):
            name = other.name or (via.group(1) if via else "")
            found = identity.writer(other.address, name)
            if found.value and not _NO_REPLY.match(found.value) and found.value not in accounts:
                return found
    return identity.writer(sender.address, sender.name)


def _is_own_form(sender: Mailbox, reply_to: str, accounts: Sequence[str]) -> bool:
    own = {_domain(account) for account in accounts} - _EVERYBODYS
    return _domain(sender.address) in own and any(
        "@" in other.address and _domain(other.address) not in own for other in mailboxes(reply_to)
    )


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def addressee_of(writer: str, to: str, cc: str, accounts: Sequence[str]) -> Customer | None:
    """Whom a mail of ours was for, by its To and Cc; None for a mail that is not ours, or is for nobody else.

    Ours is what one of our `accounts` wrote, and what another address of our domain wrote to somebody outside of it with
    us in copy only: a colleague who answers from a mailbox of his own.
    """
    own = {_domain(account) for account in accounts} - _EVERYBODYS
    people = mailboxes(to)
    if plus_account(writer) in accounts:
        others = [one for one in (*people, *mailboxes(cc)) if plus_account(one.address) not in accounts]
    elif _domain(writer) in own and not any(plus_account(one.address) in accounts for one in people):
        others = [one for one in people if _domain(one.address) not in own]
    else:
        return None
    found = (identity.writer(one.address, one.name) for one in others)
    return next((one for one in found if one.value), None)


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
