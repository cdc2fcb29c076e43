"""A desk's configuration as the file that says it: the way back of `config.load_toml`.

What has its default is left out, so that what differs is seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from typing import Any

from services.contract.desk import Desk, Grant, Skill
from services.router.desks.config import CAPACITY_DEFAULT, MINOR_PER_MAJOR, NAMES_IN_FILE

_LISTS = ("topics", "queues", "authority", "agents", "mention_rules")
_DEFAULTS = {"capacity_units": CAPACITY_DEFAULT, "speed_factor": 1.0}
"""Of names that the file leaves out otherwise than the contract."""


def to_toml(desk: Desk) -> str:
    """The file; read again it is the same desk, whose absent limits have become the defaults."""
    lines = [f"desk_id = {_text(desk.desk_id)}", f"version = {_text(desk.version)}"]
    for name in _LISTS:
        for row in getattr(desk, name):
            lines += ["", f"[[{name}]]", *_pairs(row)]
    for name in ("limits", "policy"):
        section = getattr(desk, name)
        pairs = [] if section is None else list(_pairs(section))
        if pairs:
            lines += ["", f"[{name}]", *pairs]
    return "\n".join(lines) + "\n"


def _pairs(row: Any) -> Iterator[str]:
    for part in fields(row):
        value, default = getattr(row, part.name), _DEFAULTS.get(part.name, part.default)
        if value != default:
            name = NAMES_IN_FILE.get(part.name, part.name.removesuffix("_ms"))
            yield f"{name} = {_value(part.name, value)}"


def _value(name: str, value: Any) -> str:
    if name == "skills":
        return "{ " + ", ".join(_skill(one) for one in value) + " }"
    if name == "grants":
        return "[" + ", ".join(_grant(one) for one in value) + "]"
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(name, one) for one in value) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if name.endswith("_minor"):
        return f'"{Decimal(value) / MINOR_PER_MAJOR:.2f}"'
    if name.endswith("_ms"):
        return str(value // 1_000) if value % 1_000 == 0 else str(value / 1_000)
    return repr(value)


def _skill(skill: Skill) -> str:
    return f"{_text(skill.topic_id)} = {skill.resolution!r}"


def _grant(grant: Grant) -> str:
    return "{ " + ", ".join(_pairs(grant)) + " }"


def _text(text: str) -> str:
    """A basic string: TOML's escapes are JSON's, and DEL has to be one."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
