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
BEGIN, END = "<!-- channels: written by make channels -->", "<!-- channels end -->"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write the matrix anew")
    write = parser.parse_args().write
    text = README.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        print(f"channels: README.md has no place for the matrix ({BEGIN} ... {END})", file=sys.stderr)
        return 1
    wanted = f"{before}{BEGIN}\n{matrix()}{END}{after}"
    missing = [one.page for one in PROVIDERS if not (PAGES / f"{one.page}.md").is_file()]
    for page in missing:
        print(f"channels: docs/channels/{page}.md is missing", file=sys.stderr)
    if write:
        README.write_text(wanted, encoding="utf-8")
    elif wanted != text:
        print("channels: the README's matrix is stale: make channels", file=sys.stderr)
        return 1
    return 1 if missing else 0


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
