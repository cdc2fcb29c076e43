"""Every recorded JSON delivery with each of its nodes replaced by values of other kinds: no reader fails."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.intake.channels import PATHS
from tests.outside.data import DATA, load, need_data
from tests.unit.intake.hostile import fault_of, read, variants

need_data()


def documents() -> dict[str, tuple[str, dict[str, Any]]]:
    """Path and body of the cases whose body is a JSON object."""
    found = {}
    for path in sorted((DATA / "webhooks/cases").glob("*.json")):
        request = load(f"webhooks/cases/{path.name}")["request"]
        hook = urlsplit(request["url"]).path
        try:
            body = json.loads(request.get("body") or "null")
        except ValueError:
            continue
        if isinstance(body, dict) and hook in PATHS:
            found[path.stem] = (hook, body)
    return found


DOCUMENTS = documents()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_node_may_be_of_any_kind(name: str) -> None:
    hook, document = DOCUMENTS[name]

    for body in variants(document):
        assert fault_of(read(hook, body)) == "", body
