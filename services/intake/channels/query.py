"""Parameters of a delivery's URL: a secret, a handshake's token, the account that it is for."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from services.intake.canonical import Delivery

FIELDS_MAX = 50
"""Parameters of one URL; more are none."""


def parameter(delivery: Delivery, name: str) -> str:
    """A parameter of the URL's query; "" when it is absent, or there twice."""
    try:
        given = parse_qs(urlsplit(delivery.url).query, max_num_fields=FIELDS_MAX).get(name, [])
    except ValueError:
        return ""
    return given[0] if len(given) == 1 else ""
