"""Domains of mail providers, where another's address tells nothing of whose it is (mail_providers.toml).

A company whose mailbox is at one of them shares the domain with its customers.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

_ENDING_CHARS_MAX = 3
"""Length of the labels behind a brand: "live.com.pt" is a provider's, "live.acme.example" is not."""


@cache
def _listed() -> tuple[frozenset[str], frozenset[str]]:
    data = tomllib.loads(Path(__file__).with_name("mail_providers.toml").read_text(encoding="utf-8"))
    return frozenset(data["brands"]), frozenset(data["domains"])


def is_everybodys(domain: str) -> bool:
    """Whether anybody may have an address there; the domain is in lower case."""
    brands, domains = _listed()
    brand, _, ending = domain.partition(".")
    endings = ending.split(".")
    short = len(endings) <= 2 and all(len(one) <= _ENDING_CHARS_MAX for one in endings)
    return domain in domains or (brand in brands and short)
