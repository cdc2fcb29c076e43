"""What a recorded case serves in place of the network: a certificate at its address, a resource beside the case.

    "secrets": {"signing_cert_pem": "...", "serve_cert_at": "https://..."}     the PEM, at that address
    "secrets": {"resource_to_fetch": "../resources/review.json"}               its `body`, at its `fetched_from`

Only what an adapter wants is served, and an adapter checks hosts as it does for the network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.intake.canonical import Delivery, Known
from services.intake.channels import FETCHERS
from services.intake.channels.adapter import Adapter

ROUNDS_MAX = 3


def served(
    adapter: Adapter, delivery: Delivery, known: Known, case: Mapping[str, Any], folder: Path
) -> Delivery:
    """The delivery with what its adapter wants; what the case does not serve is absent, as after a failed fetch."""
    there = resources(case.get("secrets") or {}, folder)
    for _ in range(ROUNDS_MAX):
        wanted = [one for one in adapter.wanted(delivery, known) if one.url not in delivery.fetched]
        found = {
            one.url: there[one.url]
            for one in wanted
            if one.url in there and one.fetcher in FETCHERS and FETCHERS[one.fetcher].allows(one.url)
        }
        if not found:
            break
        delivery = replace(delivery, fetched={**delivery.fetched, **found})
    return delivery


def resources(secrets: Mapping[str, Any], folder: Path) -> dict[str, bytes]:
    """All that a case serves, by address; its files stand beside `folder`."""
    found: dict[str, bytes] = {}
    if secrets.get("serve_cert_at"):
        found[str(secrets["serve_cert_at"])] = str(secrets.get("signing_cert_pem", "")).encode()
    if secrets.get("resource_to_fetch"):
        resource = json.loads((folder / str(secrets["resource_to_fetch"])).read_text(encoding="utf-8"))
        url = str(resource.get("fetched_from", "")).removeprefix("GET ").strip()
        found[url] = json.dumps(resource.get("body"), ensure_ascii=False).encode()
    return found
