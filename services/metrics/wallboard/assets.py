"""The page's own files, read once at the start; the page loads nothing from anywhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as served."""

    content_type: str
    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All files by path, and one word that changes with any of them."""

    by_path: Mapping[str, Asset]
    version: str

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Assets:
        """Reads the folder; index.html is the page at "/"."""
        found: dict[str, Asset] = {}
        for path in sorted(folder.iterdir()):
            body = path.read_bytes()
            name = "/" if path.name == "index.html" else f"/{path.name}"
            found[name] = Asset(_TYPES[path.suffix], body, f'"{_digest(body)}"')
        return cls(found, _digest("".join(asset.etag for asset in found.values()).encode()))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
