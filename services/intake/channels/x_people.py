"""Who is who on X: the account of ours that a delivery is for, and the people beside its items.

An id is a person, a handle only a label. Users come as a map or a list, plain or each in a `data` of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.intake.canonical import Customer
from services.intake.values import ident, items, line, obj

Item = dict[str, Any]


def person(user_id: str, users: Item) -> Customer:
    """The customer with this id, named as the users beside it say."""
    if not user_id:
        return Customer(absent_reason="anonymous")
    user = obj(users.get(user_id))
    return Customer(
        type="x_user",
        value=user_id,
        name=line(user.get("name")),
        handle=line(user.get("screen_name") or user.get("username"), 60),
    )


def users_of(*places: Any) -> Item:
    """Users by id out of maps and lists of them; what is no user is left out."""
    found: Item = {}
    for place in places:
        for one in _each(place):
            user = obj(one)
            user = obj(user.get("data")) or user
            user_id = id_of(user)
            if user_id:
                found.setdefault(user_id, user)
    return found


def id_of(thing: Item) -> str:
    """`id_str` before `id`, for a number above 2^53 has lost digits on its way through most programs."""
    return ident(thing.get("id_str")) or ident(thing.get("id"))


def _each(place: Any) -> Iterable[Any]:
    return place.values() if isinstance(place, dict) else items(place)
