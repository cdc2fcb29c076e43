"""What a desk may set: the tables of docs/desk.md and examples/policy.toml, from the code that has the defaults.

python scripts/desk_settings.py            fails when either is stale
python scripts/desk_settings.py --write    writes them anew
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from services.contract.desk import DeskLimits
from services.router.desks.config import CAPACITY_DEFAULT, NAMES_IN_FILE
from services.router.limits import DEFAULTS as LIMITS
from services.router.policy.settings import DEFAULTS, SETTINGS, Setting
from services.router.roster import HANDLE_SECONDS_DEFAULT, RESOLUTION_DEFAULT

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "desk.md"
EXAMPLE = ROOT / "examples" / "policy.toml"
PROTO = ROOT / "protos" / "frontdesk" / "v1" / "desk.proto"
HEAD = """\
# Every setting of the routing policy with its default: put what your desk wants otherwise into the [policy] of its
# file (examples/desk.toml). Times are in seconds, cs are customer-seconds; docs/desk.md says more.
[policy]
"""

PARTS = {
    "[[topics]]": "Topic",
    "[[queues]]": "Queue",
    "[[authority]]": "AuthorityRule",
    "[[agents]]": "Agent",
    "grants of an agent": "Grant",
    "[[mention_rules]]": "MentionRule",
}
"""Each kind of row in the file, and its message of the contract."""
FORMS = {
    "string": "text",
    "repeated string": "list of texts",
    "double": "number",
    "repeated double": "list of numbers",
    "int32": "whole number",
    "int64": "amount",
    "repeated int64": "list of amounts",
    "bool": "true or false",
    "repeated Grant": "list of grants",
    "repeated Skill": "table: topic = chance",
}
LEFT_OUT = {
    "Topic.id": "required",
    "Topic.resolution": f"{RESOLUTION_DEFAULT:g}",
    "Topic.handle_seconds": f"{HANDLE_SECONDS_DEFAULT:g}",
    "Topic.level_priors": "level 0",
    "Topic.falls_back_to": "none",
    "Topic.decision": "none",
    "Topic.complaint_level_priors": "of `level_priors`",
    "Queue.id": "required",
    "Queue.topics": "every topic",
    "Queue.channels": "every channel",
    "AuthorityRule.decision": "required",
    "AuthorityRule.currency": "required",
    "AuthorityRule.limits": "required",
    "Grant.decision": "required",
    "Grant.limit": "required, or `unlimited`",
    "Grant.currency": "required with a limit",
    "Grant.unlimited": "false",
    "Agent.id": "required",
    "Agent.topics": "none",
    "Agent.languages": "required",
    "Agent.grants": "none",
    "Agent.capacity": f"{CAPACITY_DEFAULT}",
    "Agent.speed": "1",
    "Agent.skills": "the topic's",
}
"""What it means that a row does not say it; of a mention rule, no condition."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write them anew")
    write = parser.parse_args().write
    faults = [
        *_part(PAGE, "rows", rows_tables(), write=write),
        *_part(PAGE, "policy", policy_table(), write=write),
        *_part(PAGE, "limits", limits_table(), write=write),
        *_whole(EXAMPLE, example(), write=write),
    ]
    for fault in faults:
        print(f"desk settings: {fault}", file=sys.stderr)
    return 1 if faults else 0


def rows_tables() -> str:
    """A table for each kind of row, meanings as the contract says them; amounts are in major units in the file."""
    text = PROTO.read_text(encoding="utf-8")
    lines: list[str] = []
    for part, message in PARTS.items():
        lines += [f"**{part.replace('[[', '`[[').replace(']]', ']]`')}**", ""]
        lines += ["| name | form | left out | meaning |", "|---|---|---|---|"]
        block = text[text.index(f"\nmessage {message} {{") :]
        found = re.findall(r"// (.*)\n +((?:repeated )?\w+) (\w+) = \d", block[: block.index("\n}")])
        for said, form, name in found:
            short = NAMES_IN_FILE.get(name, name)
            left_out = LEFT_OUT.get(f"{message}.{short}", "no condition")
            words = re.sub(r",? in minor units,?", "", said).rstrip(".")
            lines.append(f"| `{short}` | {FORMS[form]} | {left_out} | {words} |")
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def policy_table() -> str:
    """A row for each setting of the policy, times in seconds as in the file."""
    rows = ["| setting | symbol | default | range | unit | meaning |", "|---|---|---|---|---|---|"]
    for name, said in SETTINGS.items():
        low, high, unit = _range(name, said)
        cells = (
            f"`{_short(name)}`",
            said.symbol,
            f"`{_value(name)}`",
            f"{low} to {high}",
            unit,
            said.meaning,
        )
        rows.append("| " + " | ".join(cells) + " |")
    tiers = ", ".join(f'"{tier}"' for tier in DEFAULTS.loyal_tiers)
    rows.append(
        f"| `loyal_tiers` |  | `[{tiers}]` | 20 words | | tiers of customers who weigh weight_loyal |"
    )
    return "\n".join(rows) + "\n"


def limits_table() -> str:
    """A row for each limit, its meaning as the contract says it."""
    text = PROTO.read_text(encoding="utf-8")
    block = text[text.index("message DeskLimits") :]
    said = {name: words for words, name in re.findall(r"// (.*)\n +int\d+ (\w+) =", block)}
    rows = ["| limit | default | meaning |", "|---|---|---|"]
    for part in fields(DeskLimits):
        value = getattr(LIMITS, part.name)
        shown = f"{value / 1000:g} s" if part.name.endswith("_ms") else f"{value:,}"
        rows.append(f"| `{_short(part.name)}` | {shown} | {said[part.name].rstrip('.')} |")
    return "\n".join(rows) + "\n"


def example() -> str:
    """The file with every default written out."""
    lines = [HEAD.rstrip()]
    for name, said in SETTINGS.items():
        low, high, unit = _range(name, said)
        symbol = f"{said.symbol}: " if said.symbol else ""
        lines.append(f"# {symbol}{said.meaning} ({f'{unit}, ' if unit else ''}{low} to {high})")
        lines.append(f"{_short(name)} = {_value(name)}")
    lines.append("# Tiers of customers who weigh weight_loyal")
    lines.append("loyal_tiers = [" + ", ".join(f'"{tier}"' for tier in DEFAULTS.loyal_tiers) + "]")
    return "\n".join(lines) + "\n"


def _short(name: str) -> str:
    return name.removesuffix("_ms")


def _value(name: str) -> str:
    value = getattr(DEFAULTS, name)
    return f"{value / 1000:g}" if name.endswith("_ms") else repr(value)


def _range(name: str, said: Setting) -> tuple[str, str, str]:
    scale, unit = (1000, "s") if name.endswith("_ms") else (1, said.unit)
    return f"{said.low / scale:,g}", f"{said.high / scale:,.10g}", unit


def _part(path: Path, name: str, wanted: str, *, write: bool) -> Iterator[str]:
    """Compares or writes what stands between a document's two marks; yields what is wrong."""
    begin, end = f"<!-- {name}: written by make desk -->\n", f"<!-- {name} end -->"
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(begin)
    there, closed, after = rest.partition(end)
    if not found or not closed:
        yield f"{path.name} has no place for the {name}: {begin.strip()} ... {end}"
    elif write:
        path.write_text(f"{before}{begin}{wanted}{end}{after}", encoding="utf-8")
    elif there != wanted:
        yield f"the {name} in {path.name} are stale: make desk"


def _whole(path: Path, wanted: str, *, write: bool) -> Iterator[str]:
    if write:
        path.write_text(wanted, encoding="utf-8")
    elif not path.is_file() or path.read_text(encoding="utf-8") != wanted:
        yield f"{path.name} is stale: make desk"


if __name__ == "__main__":
    sys.exit(main())
