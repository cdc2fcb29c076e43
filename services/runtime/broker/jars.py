"""The jars of Kafka, copied once per version by Maven from the committed POM (deploy/kafka/pom.xml)."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from services.runtime.broker.errors import BrokerError
from services.runtime.broker.local import answer
from services.runtime.broker.settings import DEFAULT_JARS, MAVEN_SECONDS_MAX, POM, kafka_version

Say = Callable[[str], None]

JAVA_OLDEST = 17


def java() -> str | None:
    """The `java` to use (JAVA_HOME first, then PATH) when it is version 17 or newer, else None."""
    home = os.environ.get("JAVA_HOME")
    candidates = [str(Path(home) / "bin" / "java")] if home else []
    candidates.append(shutil.which("java") or "")
    for candidate in filter(None, candidates):
        found = re.search(r'version "(\d+)', answer([candidate, "-version"]) or "")
        if found is not None and int(found.group(1)) >= JAVA_OLDEST:
            return candidate
    return None


def maven() -> str | None:
    return shutil.which("mvn")


def folder() -> Path:
    """Where the jars of the pinned version live; FRONTDESK_KAFKA_LIB moves it, state folders share it."""
    return Path(os.environ.get("FRONTDESK_KAFKA_LIB") or DEFAULT_JARS) / kafka_version()


def present() -> bool:
    """Whether every jar of the committed POM is there, and of no older one."""
    try:
        return (folder() / ".complete").read_text() == _pom_digest()
    except OSError:
        return False


def _pom_digest() -> str:
    return hashlib.sha256(POM.read_bytes()).hexdigest()


def ensure(say: Say) -> Path:
    """The folder with every jar; downloads them the first time (about 45 MB) and says so.

    Safe for two callers at once: the second waits for the first. Raises BrokerError with Maven's last
    lines when the download fails; a half-filled folder is never taken for a whole one.
    """
    target = folder()
    if present():
        return target
    target.mkdir(parents=True, exist_ok=True)
    with (target / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not present():
            say(f"fetching Apache Kafka {kafka_version()} with Maven into {target} (once, about 45 MB)")
            _copy(target, say)
            (target / ".complete").write_text(_pom_digest())
    return target


def _copy(target: Path, say: Say) -> None:
    program = maven()
    if program is None:
        raise BrokerError("Maven is needed once to fetch Kafka's jars: install it (package `maven`)")
    command = [program, "-B", "-f", str(POM), "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={target}"]
    output: list[str] = []
    with subprocess.Popen(  # noqa: S603 - Maven from PATH with fixed arguments, no shell
        ["timeout", str(int(MAVEN_SECONDS_MAX)), *command] if shutil.which("timeout") else command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            output.append(line.rstrip())
            words = line.split()
            if words[:2] == ["Downloaded", "from"] and len(words) > 3 and words[3].endswith(".jar"):
                say(f"  {words[3].rsplit('/', 1)[-1]}")
    if process.returncode != 0 or not any(target.glob("kafka_*.jar")):
        last = "\n".join(f"  {line}" for line in output[-12:])
        raise BrokerError(f"Maven could not fetch Kafka's jars; its last lines were:\n{last}")
