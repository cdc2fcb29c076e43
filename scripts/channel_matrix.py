"""The channel matrix of the README, from what the provider modules declare.

python scripts/channel_matrix.py            fails when the README's matrix is stale, or a page is missing
python scripts/channel_matrix.py --write    writes it anew
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from services.intake.channels import PROVIDERS
from services.intake.channels.provider import Provider

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = ROOT / "docs" / "channels"
SETTINGS = ROOT / "docs" / "settings.md"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write the tables anew")
    write = parser.parse_args().write
    faults = [
        *_table(README, "channels", matrix(), write=write),
        *_table(SETTINGS, "provider settings", settings(), write=write),
        *(
            f"docs/channels/{one.page}.md is missing"
            for one in PROVIDERS
            if not (PAGES / f"{one.page}.md").is_file()
        ),
    ]
    for fault in faults:
        print(f"channels: {fault}", file=sys.stderr)
    return 1 if faults else 0


def _table(path: Path, name: str, wanted: str, *, write: bool) -> Iterator[str]:
    """Compares or writes what stands between a document's two marks; yields what is wrong."""
    begin, end = f"<!-- {name}: written by make channels -->\n", f"<!-- {name} end -->"
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(begin)
    there, closed, after = rest.partition(end)
    if not found or not closed:
        yield f"{path.name} has no place for the {name}: {begin.strip()} ... {end}"
    elif write:
        path.write_text(f"{before}{begin}{wanted}{end}{after}", encoding="utf-8")
    elif there != wanted:
        yield f"the {name} in {path.name} are stale: make channels"


def settings() -> str:
    """Settings that providers declare, a row each."""
    rows = ["| setting | default | meaning | channel |", "|---|---|---|---|"]
    for one in sorted(PROVIDERS, key=lambda one: one.title.lower()):
        for setting in one.settings:
            default = f"`{', '.join(setting.default)}`" if setting.default else ""
            cells = (f"`{setting.name}`", default, setting.says, one.title)
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def matrix() -> str:
    """The table, a row a provider, in the order of their titles."""
    rows = ["| channel | media | comes by | verified by | id of the fact |", "|---|---|---|---|---|"]
    rows += [_row(one) for one in sorted(PROVIDERS, key=lambda one: one.title.lower())]
    return "\n".join(rows) + "\n"


def _row(provider: Provider) -> str:
    title = f"[{provider.title}](docs/channels/{provider.page}.md)"
    cells = (
        title,
        ", ".join(provider.media),
        "; ".join(_ways(provider)),
        provider.verified_by,
        provider.event_id,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _ways(provider: Provider) -> Iterator[str]:
    yield from (f"`{path}`" for path in sorted(provider.hooks))
    if provider.door:
        yield provider.door
    yield from (f"asked every {_span(one.seconds)}" for one in provider.pollers)
    yield from ("a stream of events" for _ in provider.streams)


def _span(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


if __name__ == "__main__":
    sys.exit(main())
