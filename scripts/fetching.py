"""What the checks of deploy/k8s need beside .venv is fetched and built into .tools, by the clients of package registries."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"
SECONDS_MAX = 900


class CannotFetch(Exception):
    """What is missing or failed, and what to do."""


def run(
    command: list[str],
    folder: Path = ROOT,
    env: dict[str, str] | None = None,
    seconds_max: float = SECONDS_MAX,
) -> str:
    """A command's output. Raises CannotFetch with the last lines of what it said, and where it takes too long."""
    if shutil.which(command[0]) is None:
        raise CannotFetch(f"{command[0]} is missing: install it")
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=seconds_max
        )
    except subprocess.TimeoutExpired as error:
        raise CannotFetch(f"{' '.join(command[:3])} took more than {seconds_max:.0f} s") from error
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-12:])
        raise CannotFetch(f"{' '.join(command[:3])} failed:\n{tail}")
    return done.stdout


def environment_of(name: str) -> Path:
    """A virtual environment of its own with exactly requirements/NAME.lock. Raises CannotFetch."""
    folder, lock = TOOLS / f"{name}-venv", ROOT / "requirements" / f"{name}.lock"
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != lock.read_text(encoding="utf-8"):
        run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--no-deps",
        ]
        run([*pip, "-r", str(lock)])
        ready.write_text(lock.read_text(encoding="utf-8"), encoding="utf-8")
    return folder
