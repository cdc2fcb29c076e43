"""Who wrote a mail, and to which address of ours (channels.md 3.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.intake import identity
from services.intake.canonical import Customer
from services.intake.mail.everybodys import is_everybodys
from services.intake.mail.headers import Headers, Mailbox, mailboxes
from services.intake.mail.threads import answered

_NO_REPLY = re.compile(
    r"^(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|noreply\d*|form[-_.]?mailer|mailer(?=@)|wordpress|www-data|apache|web[-_.]?form"
    r"|contact[-_.]?form|kontaktformular|form[-_.]?(?:submission|response)s?)(?:[-+@.]|$)"
)
_VIA = re.compile(
    r"^['\"]?(.{1,120}?)['\"]?\s+(?:via|über|por meio de|preko|преко|prek)\s+.{1,120}$", re.IGNORECASE
)
"""How lists rewrite a name: "'Ana Novak' via Support"."""


def customer_of(
    sender: Mailbox, reply_to: str, *, accounts: Sequence[str] = (), original_from: str = ""
) -> Customer:
    """From; Reply-To when From is a form mailer, a no-reply or one of our `accounts`.

    A shop's or site's address of our own domain whose Reply-To leads out of it is a form mailer, whatever its name, and
    who is out of it goes before a colleague there. A daemon or local host is nobody. `original_from` is what a list that
    rewrote From says of it.
    """
    via = _VIA.match(sender.name)
    ours = sender.address.lower() in {account.lower() for account in accounts}
    own = _own_domains(accounts)
    replies = sorted(mailboxes(reply_to), key=lambda one: _domain(one.address) in own)
    form = _NO_REPLY.match(sender.address.lower()) or (
        _domain(sender.address) in own
        and any("@" in one.address and _domain(one.address) not in own for one in replies)
    )
    if form or ours or (via and original_from):
        for other in (*mailboxes(original_from), *replies):
            name = other.name or (via.group(1) if via else "")
            found = identity.writer(other.address, name)
            if found.value and not _NO_REPLY.match(found.value) and found.value not in accounts:
                return found
    return identity.writer(sender.address, sender.name)


def _own_domains(accounts: Sequence[str]) -> set[str]:
    """Domains where every address is ours."""
    return {domain for domain in map(_domain, accounts) if not is_everybodys(domain)}


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def addressee_of(writer: Customer, headers: Headers, accounts: Sequence[str]) -> Customer | None:
    """Whom a mail of ours was for, by its To and Cc; None for a mail that is not ours, or is for nobody else.

    Ours is what one of our `accounts` wrote, and what another address of our domain answered to somebody outside of it
    with us in copy only: a colleague who answers from a mailbox of his own. What our address writes to itself and to
    others is ours only where it answers and came by no list: forms of sites write so with the customer in copy, and
    lists that rewrite From with the writer in copy ("Ana via Support").
    """
    people = mailboxes(headers.first("to"))
    to_us = any(plus_account(one.address) in accounts for one in people)
    answers, own = bool(answered(headers)), _own_domains(accounts)
    if plus_account(writer.value) in accounts:
        ours = not _VIA.match(writer.name) and (not to_us or (answers and "list-id" not in headers))
        others = _others(headers, accounts)
    else:
        ours = answers and not to_us and _domain(writer.value) in own
        others = [one for one in people if _domain(one.address) not in own]
    found = (identity.writer(one.address, one.name) for one in others) if ours else ()
    return next((one for one in found if one.value), None)


def writer_in_copy(told: Customer, headers: Headers, accounts: Sequence[str]) -> Customer | None:
    """Who wrote what a form or a list passes on in our name: whom the list's "Ana via Support" names among To and Cc, or the
    only one there whom a form copies. None for what is told of another than us, or where it may be one of several."""
    if plus_account(told.value) not in accounts:
        return None
    others, via = _others(headers, accounts), _VIA.match(told.name)
    if via:
        others = [one for one in others if one.name.lower() == via.group(1).lower()]
    found = identity.writer(others[0].address, others[0].name) if len(others) == 1 else None
    return found if found and found.value else None


def _others(headers: Headers, accounts: Sequence[str]) -> list[Mailbox]:
    """Who stands in To and Cc beside us."""
    people = (one for name in ("to", "cc") for one in mailboxes(headers.first(name)))
    return [one for one in people if plus_account(one.address) not in accounts]


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
