"""Of which sources compiled code was made, so that nobody runs new Python on old compiled code."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
OTHERS = "built from other sources: run `make setup`"


def digest(place: Path) -> str:
    """Of the Cython sources in a folder and of how they are built; empty where they do not lie beside what was built (a wheel)."""
    sources = sorted([*place.glob("*.pyx"), *place.glob("*.pxd")])
    if not sources:
        return ""
    found = sha256()
    for source in (*sources, ROOT / "setup.py"):
        found.update(
            source.name.encode() + b"\0" + source.read_bytes() + b"\0" if source.is_file() else b"\0"
        )
    return found.hexdigest()[:32]


def why_not(place: Path, *built: ModuleType) -> str:
    """Why modules of a folder cannot be used; empty when they can."""
    wanted = digest(place)
    return OTHERS if wanted and any(wanted != getattr(module, "SOURCES", "") for module in built) else ""
