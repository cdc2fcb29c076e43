"""Who a WhatsApp message is from, and what its payload says about identities (channels.md 2.3 and 4).

A wa_id is a number without its +. A person with a username may come without one; then the business-scoped id
(BSUID) is the identity. Both in one payload are WhatsApp's own word that they are one person's.

WhatsApp vouches for the BSUID, so it is a verified identity: when a number that was given to somebody else comes with
another BSUID, no link joins the two. Whoever changes his number gets a new BSUID, of which WhatsApp tells. The number is
not marked as verified.
"""

from __future__ import annotations

import re
from typing import Any

from services.intake.canonical import Customer, Link
from services.intake.values import ident, items, line, obj, text

Item = dict[str, Any]
_BRAZIL_WITHOUT_NINE = re.compile(r"\+55(\d\d)([6-9]\d{7})", re.ASCII)
_MEXICO_WITH_ONE = re.compile(r"\+521(\d{10})", re.ASCII)


def customer_of(number: str, user_id: str, value: Item) -> tuple[Customer, str]:
    """Who it is, and the id that the conversation goes by."""
    contacts = [obj(contact) for contact in items(value.get("contacts"))]
    contact = _contact(number, user_id, contacts)
    number = (number or ident(contact.get("wa_id"))).removeprefix("+")
    scoped = user_id or ident(contact.get("user_id"))
    profile = obj(contact.get("profile"))
    handle = line(profile.get("username") or contact.get("username"), 60)
    name = line(profile.get("name")) or handle
    if number.isdecimal():
        return Customer(type="phone", value=f"+{number}", name=name, scoped_id=scoped, handle=handle), number
    if scoped or number:  # a `from` that is no number is the business-scoped id
        person = scoped or number
        customer = Customer(
            type="bsuid", value=person, name=name, scoped_id=person, handle=handle, verified=True
        )
        return customer, person
    return Customer(name=name, absent_reason="anonymous"), ""


def links_of(customer: Customer) -> tuple[Link, ...]:
    """What a payload says about its customer: number and scoped id are one person's; so may be a number's other form.

    A Brazilian wa_id may lack the ninth digit and a Mexican one carry an extra 1 [unverified]: evidence only.
    """
    if customer.type != "phone":
        return ()
    found = []
    if customer.scoped_id:
        scoped = Customer(type="bsuid", value=customer.scoped_id, scoped_id=customer.scoped_id, verified=True)
        found.append(Link(customer, scoped, "strong", "scoped_id"))
    other = other_form(customer.value)
    if other:
        found.append(Link(customer, Customer(type="phone", value=other), "weak", "same_value"))
    return tuple(found)


def other_form(number: str) -> str:
    """The form in which a Brazilian or Mexican number is dialled, when the wa_id has the other one; else ""."""
    brazilian = _BRAZIL_WITHOUT_NINE.fullmatch(number)
    if brazilian:
        return f"+55{brazilian[1]}9{brazilian[2]}"
    mexican = _MEXICO_WITH_ONE.fullmatch(number)
    return f"+52{mexican[1]}" if mexican else ""


def changed_identity(item: Item) -> tuple[Link, ...]:
    """What a `system` message says of a person whose number or BSUID became another; () for the others.

    The new number is `wa_id` or, in older versions, `new_wa_id`; the old one is the sender, or `customer`. A new number
    brings a new BSUID (`user_id`, or the sender's; before it `previous_user_id`), which comes alone where the number is not
    shared.
    """
    system = obj(item.get("system"))
    kind = text(system.get("type") or item.get("system_type"), 60)
    if not kind.endswith(("changed_number", "changed_user_id")):
        return ()
    new = ident(system.get("wa_id")) or ident(system.get("new_wa_id"))
    old = ident(item.get("from")) or ident(system.get("customer"))
    found = []
    if new.isdecimal() and old.isdecimal() and new != old:
        before, after = (Customer(type="phone", value=f"+{number}") for number in (old, new))
        found.append(Link(before, after, "strong", "number_changed"))
    scoped = (
        ident(system.get("previous_user_id")),
        ident(system.get("user_id")) or ident(item.get("from_user_id")),
    )
    if all(scoped) and scoped[0] != scoped[1]:
        before, after = (Customer(type="bsuid", value=one, scoped_id=one, verified=True) for one in scoped)
        found.append(Link(before, after, "strong", "number_changed"))
    return tuple(found)


def _contact(number: str, user_id: str, contacts: list[Item]) -> Item:
    """The contact that stands beside the message; with one contact only, that one."""
    for contact in contacts:
        ids = {ident(contact.get("wa_id")), ident(contact.get("user_id"))} - {""}
        if ids & {number, user_id}:
            return contact
    return contacts[0] if len(contacts) == 1 else {}
