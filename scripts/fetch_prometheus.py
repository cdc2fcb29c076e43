"""Finds Prometheus, promtool and amtool, or puts them into .tools/ without installing anything; prints their paths.

Tools on PATH that are new enough win. Else, on Debian and its relatives, the distribution's packages are downloaded
by apt-get and unpacked with dpkg -x: from the configured suites where those are new enough, else from `sid` of the
same Debian mirror, by package lists of our own. Nothing is installed, no service is started, no root is needed.

    .venv/bin/python scripts/fetch_prometheus.py            # all of them, one path a line
    .venv/bin/python scripts/fetch_prometheus.py promtool   # one
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1] / ".tools"
SUITE = "sid"
"""Where Debian keeps its newest: stable has a Prometheus of years ago."""
SECONDS_MAX = 300
"""For one download."""
NEEDED: dict[str, tuple[int, int]] = {"prometheus": (3, 5), "promtool": (3, 5), "amtool": (0, 28)}
"""Oldest version that the rules, their tests and the live checks are written for (operations.md 3.5)."""
PACKAGES = {
    "prometheus": ("prometheus",),
    "promtool": ("promtool", "prometheus"),  # a package of its own in newer suites
    "amtool": ("prometheus-alertmanager",),
}
HELP = (
    "install Prometheus 3.5 or newer with its promtool, and Alertmanager's amtool 0.28 or newer, by your package "
    "manager or from the projects' release archives, and put them on PATH"
)


class NoTool(Exception):
    """A tool is not to be had here; the message says why and what to do."""


def tools(names: Sequence[str] = tuple(NEEDED)) -> list[Path]:
    """Paths of tools that run and are new enough, in the order of `names`. Raises NoTool."""
    missing = [name for name in names if _found(name) is None]
    if missing:
        _fetch(missing)
    paths = [_found(name) for name in names]
    for name, path in zip(names, paths, strict=True):
        if path is None:
            version = "{}.{}".format(*NEEDED[name])
            raise NoTool(f"{name} {version} or newer does not run here, though it was fetched; {HELP}")
    return [path for path in paths if path is not None]


def _found(name: str) -> Path | None:
    on_path = shutil.which(name)
    for path in (Path(on_path) if on_path else None, TOOLS / "usr" / "bin" / name):
        if path is not None and path.exists() and _version(path) >= NEEDED[name]:
            return path
    return None


def _version(path: Path) -> tuple[int, int]:
    """(0, 0) when it does not run."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=False, timeout=SECONDS_MAX
        )
    except OSError:
        return 0, 0
    found = re.search(r"version (\d+)\.(\d+)", done.stdout + done.stderr)
    return (int(found[1]), int(found[2])) if found and done.returncode == 0 else (0, 0)


def _fetch(names: Iterable[str]) -> None:
    """Downloads the packages into a scratch folder and takes the tools out of them."""
    if not all(shutil.which(program) for program in ("apt-get", "apt-cache", "dpkg")):
        raise NoTool(
            f"not all of {', '.join(names)} on PATH, and this is no Debian to fetch them from; {HELP}"
        )
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix="prometheus-") as name:
        scratch = Path(name)
        options = _own_lists(scratch)
        for tool in names:
            _take(tool, options, scratch)


def _own_lists(scratch: Path) -> list[str]:
    """Options with which apt reads sources and lists of ours: the configured suites and the newest one."""
    told = _run(
        [*("apt-get", "indextargets", "--format", "$(REPO_URI) $(SUITE) $(ORIGIN)"), "Created-By: Packages"],
        scratch,
    )
    sources = {line.rsplit(" ", 2)[0] for line in told.splitlines() if line.endswith("Debian")}
    mirrors = sorted(uri for uri in sources if not uri.rstrip("/").endswith(("-security", "-debug")))
    if not mirrors:
        raise NoTool(f"no Debian mirror among apt's sources (never ran apt-get update?); {HELP}")
    (scratch / "sources.list").write_text(f"deb {mirrors[0]} {SUITE} main\n", encoding="utf-8")
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    settings = {
        "Dir::State": scratch / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::sourcelist": scratch / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        # apt drops its rights to a user of its own, who may not write here: let it stay what it is.
        "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
    }
    options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
    _run(["apt-get", *options, "-q", "update"], scratch)
    return options


def _take(tool: str, options: Sequence[str], scratch: Path) -> None:
    for package in PACKAGES[tool]:
        if not _run(["apt-cache", *options, "show", package], scratch, may_fail=True):
            continue
        tree = scratch / f"tree-{package}"
        if not tree.exists():
            _run(["apt-get", *options, "-q", "download", package], scratch)
            _run(["dpkg", "-x", str(next(scratch.glob(f"{package}_*.deb"))), str(tree)], scratch)
        unpacked = tree / "usr" / "bin" / tool
        if unpacked.exists():
            place = TOOLS / "usr" / "bin" / tool
            place.parent.mkdir(parents=True, exist_ok=True)
            unpacked.replace(place)
            return
    raise NoTool(f"no package of {SUITE} has {tool}; {HELP}")


def _run(command: Sequence[str], folder: Path, *, may_fail: bool = False) -> str:
    """What the command printed; raises NoTool with the last thing that it said when it fails."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS_MAX
        )
    except subprocess.TimeoutExpired:
        raise NoTool(f"{command[0]} gave no answer in {SECONDS_MAX} s; {HELP}") from None
    if done.returncode == 0:
        return done.stdout
    if may_fail:
        return ""
    said = (done.stderr or done.stdout).strip().splitlines()
    raise NoTool(f"{command[0]} failed: {said[-1] if said else f'status {done.returncode}'}; {HELP}")


def main(argv: Sequence[str]) -> int:
    names = tuple(argv) or tuple(NEEDED)
    if not set(names) <= set(NEEDED):
        print(f"there are {', '.join(NEEDED)}", file=sys.stderr)
        return 2
    try:
        for path in tools(names):
            print(path)
    except NoTool as error:
        print(f"fetch_prometheus: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
