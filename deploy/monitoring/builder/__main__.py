"""Writes the dashboards and the recording rules, or says which are stale.

python -m deploy.monitoring.builder            fails when a committed file is not what the builder makes
python -m deploy.monitoring.builder --write    writes them
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.monitoring.builder import objectives, pipeline, recording, resolution, service_today
from deploy.monitoring.builder.grafana import Board, rendered

PLACE = Path(__file__).resolve().parents[1]
BOARDS: dict[str, Board] = {
    "service-today": service_today.BOARD,
    "resolution-and-escalation": resolution.BOARD,
    "pipeline-health": pipeline.BOARD,
    "objectives": objectives.BOARD,
}


def files() -> dict[Path, str]:
    """What is to be committed, by place."""
    boards = {PLACE / "dashboards" / f"{name}.json": rendered(board) for name, board in BOARDS.items()}
    rules = {
        PLACE / "rules" / "recorded" / f"{group.name}.yml": recording.rendered(group)
        for group in recording.groups()
    }
    return {**boards, **rules}


def main(argv: Sequence[str]) -> int:
    stale = [
        (path, text)
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        if "--write" in argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(PLACE)}")
        else:
            print(f"stale: {path.relative_to(PLACE)}; make dashboards writes it", file=sys.stderr)
    return 1 if stale and "--write" not in argv else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
