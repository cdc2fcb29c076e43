"""A process that is told to stop ends: in order, or by itself when closing takes too long."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.cli import serve
from services.cli.plan import Plan
from services.router.evolve import CorruptLog
from services.runtime.lifecycle import Stopped, until_stopped, words
from services.runtime.log import LogUnavailable

PERSONAL = "+4915112345678"
ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import asyncio, sys
from services.runtime.lifecycle import stop_on_signals

async def main():
    stop = stop_on_signals(seconds_max=float(sys.argv[1]))
    print("up", flush=True)
    await stop.wait()
    print("closing", flush=True)
    await asyncio.sleep(float(sys.argv[2]))
    print("closed", flush=True)

asyncio.run(main())
"""


def stopped(seconds_max: float, closing_seconds: float) -> tuple[int, str]:
    """The status of a process that gets SIGTERM once it is up, and what it printed."""
    program = [sys.executable, "-c", PROGRAM, str(seconds_max), str(closing_seconds)]
    with subprocess.Popen(
        program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said


def test_who_closes_in_time_ends_with_status_0() -> None:
    assert stopped(60.0, 0.0) == (0, "closing\nclosed\n")


def test_who_hangs_while_closing_is_ended() -> None:
    status, said = stopped(0.2, 50.0)
    assert status == 1
    assert "stop_overdue" in said and "closed" not in said


async def ended_by(error: BaseException) -> str:
    """What a process says whose task raised this."""

    async def work() -> None:
        raise error

    with pytest.raises(Stopped) as stopped:
        await until_stopped([("router", asyncio.create_task(work()))], asyncio.Event())
    return str(stopped.value)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(f"no number: {PERSONAL}"),
        KeyError(PERSONAL),
        ConnectionError(PERSONAL),
        ExceptionGroup("one", [KeyError(PERSONAL)]),
        ExceptionGroup(PERSONAL, [KeyError("a"), KeyError("b")]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_the_text_of_a_foreign_error_is_not_told(error: Exception) -> None:
    said = await ended_by(error)
    assert PERSONAL not in said
    assert said.startswith("router ended: ")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (CorruptLog("unknown event"), "CorruptLog: unknown event"),
        (ExceptionGroup("one", [LogUnavailable("the broker is away")]), "LogUnavailable: the broker is away"),
        (PermissionError(13, "Permission denied", "/data"), "PermissionError: Permission denied (/data)"),
        (None, "without an error"),
    ],
)
def test_our_own_errors_and_the_systems_are_told_in_words(error: Exception | None, said: str) -> None:
    assert words(error) == said


def test_a_start_that_fails_says_where_and_not_with_which_text(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def start(plan: object, stack: object) -> None:
        raise KeyError(PERSONAL)

    settings = SimpleNamespace(log_level="info", log_json=True, loop="asyncio")
    plan = SimpleNamespace(settings=settings, misspelt={}, roles=("metrics",))
    monkeypatch.setattr(Plan, "from_env", lambda *_: plan)
    monkeypatch.setattr(serve, "start", start)
    monkeypatch.setattr(serve, "allow_files", lambda: None)
    assert serve.main([]) == 1
    said = "".join(capfd.readouterr())
    assert PERSONAL not in said
    assert "KeyError at " in said and "in start" in said
