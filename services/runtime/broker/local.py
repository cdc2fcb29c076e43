"""Programs on this machine: run one and read its answer, tell whether a process is still the one we started."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


def run(command: Sequence[str], *, seconds_max: float = 20.0) -> tuple[bool, str]:
    """Whether the command succeeded, and what it printed (both streams) or why it could not run."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs found on PATH, no shell
            list(command),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds_max,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    return done.returncode == 0, done.stdout


def answer(command: Sequence[str], *, seconds_max: float = 20.0) -> str | None:
    """What the command printed, or None where it failed, is missing or took too long."""
    succeeded, said = run(command, seconds_max=seconds_max)
    return said if succeeded else None


def command_line(pid: int) -> str:
    """The command line of a process, empty when there is none (or it is a zombie)."""
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    return answer(["ps", "-o", "command=", "-p", str(pid)]) or ""


def reap(pid: int) -> None:
    """Collects the exit of a child of ours, so that it does not stay a zombie; no matter for others."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except (ChildProcessError, OSError):
        return
