"""Kafka as a Java process of this machine: format once, start, stop, kill."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from services.runtime.broker import jars
from services.runtime.broker.errors import BrokerError, NothingToRunItWith
from services.runtime.broker.local import answer, command_line, reap, run
from services.runtime.broker.settings import HEAP_DEFAULT, LOGGING, STOP_SECONDS_MAX, one_node

STARTED_LINE = "Kafka Server started"


class JavaNode:
    """One broker process whose files all live under `state`.

    The pid file alone proves nothing (pids are reused), so a process counts as ours only while its command
    line carries this state folder.
    """

    kind = "java"

    def __init__(self, state: Path, *, heap: str | None, extra: Mapping[str, str]) -> None:
        self._state = state
        self._heap = heap
        self._extra = extra
        self._pid_file = state / "pid"
        self._properties = state / "server.properties"
        self.log = state / "broker.log"

    @property
    def pid(self) -> int | None:
        """The running process that was started for this state folder, or None."""
        try:
            pid = int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None
        reap(pid)
        return pid if self._mark() in command_line(pid).split() else None

    @property
    def cluster_id(self) -> str | None:
        """What its data folder says it is; None before it has been formatted."""
        with contextlib.suppress(OSError):
            for line in (self._state / "data" / "meta.properties").read_text().splitlines():
                if line.startswith("cluster.id="):
                    return line.removeprefix("cluster.id=")
        return None

    def start(self, *, port: int, controller_port: int, say: jars.Say) -> None:
        """Starts the process and returns at once; asking whether it is ready is the caller's part."""
        program = jars.java()
        if program is None:
            raise NothingToRunItWith("Java 17 or newer is needed to run Kafka without Docker")
        library = jars.ensure(say)
        data = self._state / "data"
        keys = one_node(port=port, controller_port=controller_port, extra=self._extra)
        keys["log.dirs"] = str(data)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in keys.items()))
        classes = ":".join(str(jar) for jar in sorted(library.glob("*.jar")))
        base = [program, *self._memory(), *self._archive(program, library), "-Djava.awt.headless=true"]
        base += [f"-Dlog4j2.configurationFile={LOGGING}", self._mark(), "-cp", classes]
        if not (data / "meta.properties").exists():
            self._format(base)
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the java found above, fixed arguments, no shell
                [*base, "kafka.Kafka", str(self._properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._state,
                start_new_session=True,  # Ctrl-C in the terminal must not reach it
            )
        self._pid_file.write_text(str(process.pid))
        # The command line of a process appears a moment after it has been started.
        deadline = time.monotonic() + 2.0
        while self.pid is None and time.monotonic() < deadline:
            time.sleep(0.01)
        # The handle is let go on purpose: the broker outlives the command that started it.
        process.returncode = 0

    def stop(self) -> bool:
        """Ends the process by SIGTERM, after a bound by SIGKILL; False when none was running."""
        pid = self.pid
        if pid is None:
            return False
        os.kill(pid, signal.SIGTERM)
        if not self._gone(STOP_SECONDS_MAX):
            self.kill()
        self._publish_archive()
        self._pid_file.unlink(missing_ok=True)
        return True

    def kill(self) -> None:
        """Ends the process as a power cut would; data written so far survives."""
        pid = self.pid
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        if not self._gone(STOP_SECONDS_MAX):
            raise BrokerError(f"process {pid} did not end after SIGKILL")
        self._pid_file.unlink(missing_ok=True)

    def _gone(self, seconds_max: float) -> bool:
        deadline = time.monotonic() + seconds_max
        while self.pid is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _mark(self) -> str:
        return f"-Dfrontdesk.broker={self._state}"

    def _memory(self) -> list[str]:
        """Small and quick to start for tests; with a heap of one's own also the optimising compiler."""
        if self._heap:
            return [f"-Xms{self._heap}", f"-Xmx{self._heap}"]
        return ["-Xms256m", f"-Xmx{HEAP_DEFAULT}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

    def _archive(self, program: str, library: Path) -> list[str]:
        """A class archive halves the start; the first orderly stop writes it, later starts read it.

        It holds for one JVM and one set of options only, hence the digest in its name. It is written under
        a name of its own and renamed when whole, so that two brokers at once do not meet in it.
        """
        jars_here = sorted(jar.name for jar in library.glob("*.jar"))
        seed = f"{answer([program, '-version'])}{self._memory()}{jars_here}"
        digest = hashlib.sha256(seed.encode()).hexdigest()[:12]
        archive = library / f"classes-{digest}.jsa"
        if archive.exists():
            return [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"]
        written = self._state / archive.name
        return [f"-XX:ArchiveClassesAtExit={written}", "-Xshare:auto", "-Xlog:cds=off,cds+dynamic=off"]

    def _publish_archive(self) -> None:
        served = (self._state / "bootstrap").exists()  # else it holds the classes of a start that failed
        for written in self._state.glob("classes-*.jsa"):
            with contextlib.suppress(OSError):
                if served:
                    written.replace(jars.folder() / written.name)
                else:
                    written.unlink()

    def _format(self, base: list[str]) -> None:
        cluster = base64.urlsafe_b64encode(b"\x40" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
        plain = [part for part in base if not part.startswith("-XX:ArchiveClassesAtExit")]
        command = [*plain, "kafka.tools.StorageTool", "format", "--standalone", "-t", cluster]
        formatted, said = run([*command, "-c", str(self._properties)], seconds_max=30)
        if not formatted:
            raise BrokerError(f"Kafka could not format {self._state / 'data'}:\n{said.strip()}")
