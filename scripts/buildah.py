"""buildah with a store of the project's own, in .tools/images."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".tools" / "images"
SECONDS_MAX = 1500


class CannotBuild(Exception):
    """What is missing, and what to do."""


def run(arguments: Sequence[str], *, env: Mapping[str, str] | None = None) -> str:
    """Its output. Raises CannotBuild with the end of what it said."""
    command = ["buildah", "--root", str(PLACE / "store"), "--runroot", str(PLACE / "run")]
    command += ["--storage-driver", "vfs", *arguments]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
        env={**os.environ, **(env or {})},
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise CannotBuild(f"buildah {' '.join(arguments[:2])} failed:\n{tail}")
    return done.stdout


def inspect(name: str) -> dict[str, object]:
    """The image's own configuration (OCI: Entrypoint, User, Labels ...)."""
    found: dict[str, object] = json.loads(run(["inspect", "--type", "image", name]))["OCIv1"]["config"]
    return found
