"""Finds a real promtool, or puts one into .tools/ without installing anything; prints its path.

promtool on PATH wins. Else, on Debian and its relatives, the distribution's own package `prometheus` is
downloaded by apt-get and unpacked with dpkg -x (no root needed for that; refreshing the package lists needs it).

    .venv/bin/python scripts/fetch_promtool.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1] / ".tools"
PLACE = Path("usr/bin/promtool")
SECONDS_MAX = 300
HELP = "install Prometheus' promtool by your package manager, or put it on PATH"


class NoPromtool(Exception):
    """No promtool here; the message says why and what to do."""


def promtool() -> Path:
    """Path of a promtool that runs. Raises NoPromtool."""
    on_path = shutil.which("promtool")
    if on_path:
        return Path(on_path)
    kept = TOOLS / PLACE
    if not kept.exists():
        _unpack()
    if subprocess.run([kept, "--version"], capture_output=True, check=False).returncode != 0:
        raise NoPromtool(f"{kept} does not run here; {HELP}")
    return kept


def _unpack() -> None:
    """Downloads the package into a scratch folder and takes promtool out of it."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise NoPromtool(f"no promtool on PATH, and this is no Debian to fetch its package from; {HELP}")
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix="promtool-") as name:
        scratch = Path(name)
        error = _run(["apt-get", "download", "prometheus"], scratch)
        if error and os.geteuid() == 0:
            error = _run(["apt-get", "update"], scratch) or _run(
                ["apt-get", "download", "prometheus"], scratch
            )
        if error:
            more = "" if os.geteuid() == 0 else " (a stale package list? apt-get update needs root)"
            raise NoPromtool(f"apt-get download prometheus failed{more}: {error}; {HELP}")
        package = next(scratch.glob("prometheus_*.deb"))
        error = _run(["dpkg", "-x", str(package), "tree"], scratch)
        if error:
            raise NoPromtool(f"unpacking {package.name} failed: {error}; {HELP}")
        (TOOLS / PLACE).parent.mkdir(parents=True, exist_ok=True)
        (scratch / "tree" / PLACE).replace(TOOLS / PLACE)


def _run(command: list[str], folder: Path) -> str:
    """Empty when the command succeeded, else the last thing that it said."""
    # apt drops its rights to a user of its own, who may not write here: let it stay what it is.
    if command[0] == "apt-get":
        command = [
            command[0],
            "-o",
            "APT::Sandbox::User=" + ("root" if os.geteuid() == 0 else ""),
            *command[1:],
        ]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS_MAX
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {SECONDS_MAX} s"
    said = (done.stderr or done.stdout).strip().splitlines()
    return "" if done.returncode == 0 else (said[-1] if said else f"status {done.returncode}")


def main() -> int:
    try:
        print(promtool())
    except NoPromtool as error:
        print(f"promtool: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
