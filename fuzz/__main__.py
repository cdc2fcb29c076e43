"""make fuzz: coverage-guided fuzzing of every parser of intake; fails when an input breaks one.

    python -m fuzz                          every target, ten minutes each, one after the other
    python -m fuzz --minutes 1 mail html    some of them, shorter
    python -m fuzz --list                   their names

What broke a target stays in .state/fuzz/TARGET/broke-*; show it with: python -m fuzz --again TARGET FILE
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".state" / "fuzz"
EXAMPLES = __doc__
GRACE_SECONDS = 120
"""To start, to read the seeds, and to finish the last input."""


def main() -> int:
    """Prints a row a target; 1 when one broke."""
    from fuzz import targets  # loads intake, which --help needs not wait for

    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="none means all")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target (default: 10)")
    parser.add_argument("--list", action="store_true", help="list the targets")
    parser.add_argument("--again", metavar="FILE", type=Path, help="run one target on one input")
    options = parser.parse_args()
    known = targets.names()
    if options.list:
        print("\n".join(known))
        return 0
    unknown = set(options.targets) - set(known)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; --list names them")
    if options.again:
        targets.target(options.targets[0])[0](options.again.read_bytes())
        return 0
    print(f"{'target':<28} {'runs':>12} {'a second':>9} {'edges':>7} {'minutes':>8}  result")
    broken = [name for name in options.targets or known if not _fuzz(name, options.minutes)]
    return 1 if broken else 0


def _fuzz(name: str, minutes: float) -> bool:
    """Fuzzes one target in a process of its own and prints its row; False when it broke."""
    folder = STATE / name
    folder.mkdir(parents=True, exist_ok=True)
    seconds = round(minutes * 60)
    began = time.monotonic()
    said = folder / "said.txt"
    with said.open("w") as out:
        done = subprocess.run(
            [sys.executable, "-m", "fuzz.worker", name, str(folder), str(seconds)],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=seconds + GRACE_SECONDS,
            check=False,
        )
    text = said.read_text(errors="replace")
    runs = int(_last(r"stat::number_of_executed_units:\s*(\d+)", text) or _last(r"^#(\d+)", text) or 0)
    edges = _last(r"cov: (\d+)", text)
    took = (time.monotonic() - began) / 60
    sound = done.returncode == 0 and runs > 0
    result = "sound" if sound else f"BROKE: {said} and {folder}/broke-*"
    print(f"{name:<28} {runs:>12,} {runs / took / 60:>9,.0f} {edges:>7} {took:>8.1f}  {result}", flush=True)
    return sound


def _last(pattern: str, text: str) -> str:
    found = re.findall(pattern, text, re.MULTILINE)
    return found[-1] if found else ""


if __name__ == "__main__":
    sys.exit(main())
