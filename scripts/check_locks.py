"""Are the hashed lock files those that requirements/*.in stand for?

    python scripts/check_locks.py            fails when a lock file misses a pin, or names an index
    python scripts/check_locks.py --write    computes them anew (asks the package index)

The check needs no network: every requirement must stand in its lock with the version asked for, every package
must carry hashes, and no address of an index may stand in the file.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
LOCKS = ("runtime", "dev", "image", "deploy", "go")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="compute the lock files anew")
    if parser.parse_args().write:
        for name in LOCKS:
            write(name)
        return 0
    faults = [fault for name in LOCKS for fault in check(name)]
    for fault in faults:
        print(f"lock: {fault}", file=sys.stderr)
    if not faults:
        print("lock files are current")
    return 1 if faults else 0


def write(name: str) -> None:
    uv = Path(sys.executable).parent / "uv"
    options = (
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-annotate",
        "--no-header",
    )
    subprocess.run(
        [
            uv,
            "pip",
            "compile",
            "-q",
            "--python-version",
            "3.11",
            *options,
            f"{name}.in",
            "-o",
            f"{name}.lock",
        ],
        cwd=REQUIREMENTS,
        check=True,
    )


def check(name: str) -> list[str]:
    """What is wrong with one lock file, a sentence each."""
    text = (REQUIREMENTS / f"{name}.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ \\\n]+)", text, re.MULTILINE))
    faults = [f"{name}.lock names an address" for _ in [0] if "://" in text]
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    faults += [
        f"{name}.lock: {block.split()[0]} has no hash"
        for block in blocks
        if "==" in block and "--hash" not in block
    ]
    for package, version in wanted(name):
        if locked.get(package) != version:
            faults.append(f"{name}.lock has {package} {locked.get(package)}, {name}.in asks for {version}")
    return faults


def wanted(name: str) -> list[tuple[str, str]]:
    """Pinned requirements of an .in file and of those that it includes."""
    found = []
    for line in (REQUIREMENTS / f"{name}.in").read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found += wanted(line.removeprefix("-r ").removesuffix(".in"))
        elif match := re.match(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==(\S+)", line):
            found.append((match[1].lower().replace("_", "-"), match[2]))
    return found


if __name__ == "__main__":
    sys.exit(main())
