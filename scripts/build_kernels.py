"""Builds the compiled parts (services/contract/kernels, services/router/kernels) in place, with the system's C compiler.

    .venv/bin/python -m scripts.build_kernels       a few seconds; nothing where nothing has changed

Without a compiler or Python's headers it says what to install and goes on: the router weighs by numpy then, with the same
choices. With CI=true that is a failure, so that what is tested is what users run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACES = (ROOT / "services" / "contract" / "kernels", ROOT / "services" / "router" / "kernels")
SECONDS_MAX = 600
ASK = """
import sys
from services.contract import kernels as records
from services.router import kernels as scoring
sys.exit(records.WHY_NOT or scoring.WHY_NOT or 0)
"""


def missing() -> str:
    """What this machine lacks, and how it is had; empty when it can build."""
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"no C compiler ({compiler}); Debian: apt-get install gcc libc6-dev"
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        return "no headers of this Python (Python.h); Debian: apt-get install python3-dev"
    return ""


def stale() -> list[Path]:
    """Where what was not built is to be built, or what has changed since anew."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    found = []
    for place in PLACES:
        shared = max([one.stat().st_mtime for one in place.glob("*.pxd")], default=0.0)
        for source in sorted(place.glob("*.pyx")):
            built = source.with_suffix(suffix)
            if not built.is_file() or built.stat().st_mtime < max(shared, source.stat().st_mtime):
                found.append(built)
    return found


def build() -> str:
    """Builds what is stale; why the result cannot be used, empty when it can."""
    if stale():
        if lacking := missing():
            return lacking
        for built in stale():
            built.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace", "--force"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_MAX,
        )
        if done.returncode != 0 or stale():
            return f"the build failed:\n{(done.stdout + done.stderr)[-2000:]}"
    asked = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=False)
    return asked.stderr.strip() if asked.returncode else ""


def main() -> int:
    why_not = build()
    if not why_not:
        return 0
    print(f"setup: the router's scoring is not compiled: {why_not}", file=sys.stderr)
    if os.environ.get("CI") == "true":
        return 1
    print(
        "setup: it weighs by numpy instead, in three times the time, with the same choices", file=sys.stderr
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
