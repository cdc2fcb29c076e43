"""What a request must be before anybody acts on it, and refusals that name each field at fault."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import grpc

from services.router.desks.faults import Fault
from services.runtime.rpc import Refusal, invalid

ID_LENGTH_MAX = 200
FAULT_BYTES_MAX, FAULT_OVERHEAD_BYTES, FAULT_TEXT_MAX = 3_600, 8, 1_000
Context = grpc.aio.ServicerContext[Any, Any]


def check_ids(**ids: str) -> None:
    """Raises INVALID_ARGUMENT naming every id that is empty, too long or has a control character."""
    for value in ids.values():
        if not 0 < len(value) <= ID_LENGTH_MAX or not value.isprintable():  # no control character is
            break
    else:
        return
    faulty = {name: "is required" for name, value in ids.items() if not value}
    faulty |= {
        name: f"at most {ID_LENGTH_MAX} characters"
        for name, value in ids.items()
        if len(value) > ID_LENGTH_MAX
    }
    faulty |= {
        name: "must not have control characters"
        for name, value in ids.items()
        if any(unicodedata.category(character) == "Cc" for character in value)
    }
    if faulty:
        raise invalid(faulty)


def scoped(*parts: str) -> str:
    """A command's id among all of its desk's; no part can hold the separator, `check_ids` refuses it."""
    return "\x1f".join(parts)


def invalid_desk(found: Sequence[Fault]) -> Refusal:
    """Every fault by its field, as many as the answer's headers hold; the last line counts the others.

    gRPC carries details in headers, of which common clients read 8 KiB: the text of the status names only the first
    faults, the violations name all that fit.
    """
    fields: dict[str, str] = {}
    left = FAULT_BYTES_MAX
    for told, fault in enumerate(found):
        path = f"desk.{fault.path}" if fault.path else "desk"
        left -= len(path.encode()) + len(fault.text.encode()) + FAULT_OVERHEAD_BYTES
        if left < 0:
            more = f"and {len(found) - told} more faults; `frontdesk desk check FILE` tells all"
            fields["desk"] = f"{fields['desk']}; {more}" if "desk" in fields else more
            break
        fields[path] = f"{fields[path]}; {fault.text}" if path in fields else fault.text
    text = "; ".join(str(fault) for fault in found)
    if len(text) > FAULT_TEXT_MAX:
        text = f"{text[:FAULT_TEXT_MAX]} ... ({len(found)} faults)"
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST", text, fields=fields)
