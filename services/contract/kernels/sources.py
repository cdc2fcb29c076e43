"""Of which sources compiled code was made, so that nobody runs new Python on old compiled code."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
OTHERS = "built from other sources: run `make setup`"


def digest(place: Path) -> str:
    """Of the Cython sources in a folder and of how they are built; empty where nothing is built from them.

    That is in what a wheel installed, whose sources cannot change under what it brought: setup.py does not lie there.
    """
    sources = sorted([*place.glob("*.pyx"), *place.glob("*.pxd")])
    recipe = ROOT / "setup.py"
    if not sources or not recipe.is_file():
        return ""
    found = sha256()
    for source in (*sources, recipe):
        found.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return found.hexdigest()[:32]


def why_not(place: Path, *built: ModuleType) -> str:
    """Why modules of a folder cannot be used; empty when they can."""
    wanted = digest(place)
    return OTHERS if wanted and any(wanted != getattr(module, "SOURCES", "") for module in built) else ""
