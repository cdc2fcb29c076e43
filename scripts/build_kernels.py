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
SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
NOT_BUILT = 3
"""Ends with it where there is nothing to build with: make asks again next time, for a compiler may have come."""
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


def absent() -> list[Path]:
    """What is not built at all."""
    wanted = [one.with_suffix(SUFFIX) for place in PLACES for one in sorted(place.glob("*.pyx"))]
    return [one for one in wanted if not one.is_file()]


def build() -> str:
    """Builds what is absent or of other sources; why the result cannot be used, empty when it can."""
    if not absent() and not asked():
        return ""
    if lacking := missing():
        return lacking
    for place in PLACES:
        for built in place.glob("*" + SUFFIX):
            built.unlink()
    done = subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace", "--force"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    if done.returncode != 0 or absent():
        return f"the build failed:\n{(done.stdout + done.stderr)[-2000:]}"
    return asked()


def asked() -> str:
    """Why a new process would not use what is built; empty when it would."""
    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def main() -> int:
    why_not = build()
    if not why_not:
        return 0
    print(f"setup: records and the router's scoring are not compiled: {why_not}", file=sys.stderr)
    if os.environ.get("CI") == "true":
        return 1
    print(
        "setup: it goes on without, with the same records and choices; scoring takes three times as long",
        file=sys.stderr,
    )
    return NOT_BUILT


if __name__ == "__main__":
    sys.exit(main())
