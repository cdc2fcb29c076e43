"""What the log tells of an exception: its type and where it came from, never its message."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from services.runtime.observe import CHAIN_LENGTH_MAX, FRAMES_MAX, configure_logs, frames_of
from services.runtime.settings import Secret

PERSONAL = "+4915112345678"


class Odd(Exception):
    """Holds what must not be logged."""


def fail() -> None:
    raise Odd(f"{PERSONAL} is odd")


def failure() -> Odd:
    try:
        fail()
    except Odd as error:
        return error
    raise AssertionError("unreachable")


def dig(depth: int) -> None:
    if depth == 0:
        fail()
    dig(depth - 1)


def test_frames_say_file_line_and_function_innermost_last() -> None:
    frames = frames_of(failure())
    assert re.fullmatch(r".*test_observe\.py:\d+ in failure", frames[0])
    assert re.fullmatch(r".*test_observe\.py:\d+ in fail", frames[-1])
    assert PERSONAL not in repr(frames)


def test_frames_of_causes_and_group_members_follow_by_type() -> None:
    error = ExceptionGroup(PERSONAL, [failure()])
    error.__cause__ = KeyError(PERSONAL)
    frames = frames_of(error)
    assert [line for line in frames if line.startswith("from ")] == ["from Odd", "from KeyError"]
    assert PERSONAL not in repr(frames)


def test_frames_are_bounded() -> None:
    with pytest.raises(Odd) as raised:
        dig(100)
    assert len(frames_of(raised.value)) == FRAMES_MAX
    many = ExceptionGroup("many", [Odd() for _ in range(50)])
    assert len(frames_of(many)) == CHAIN_LENGTH_MAX - 1


def test_exception_that_causes_itself_ends() -> None:
    error = failure()
    error.__context__ = KeyError()
    error.__context__.__context__ = error
    assert frames_of(error)[-1] == "from KeyError"


@pytest.mark.parametrize("as_json", [True, False])
def test_no_log_prints_an_exceptions_message(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    configure_logs(as_json=as_json)
    ours, theirs, error = structlog.get_logger(), logging.getLogger("library"), failure()
    ours.error("failed", exc_info=error)
    ours.error("failed", error=error)
    try:
        fail()
    except Odd as caught:
        ours.exception("failed")
        theirs.exception("could not %s", caught)
        theirs.exception(f"could not: {caught}")
        theirs.exception(caught)
        theirs.error(f"Task failed\nfuture: {caught!r}", exc_info=(Odd, caught, caught.__traceback__))

    told = capsys.readouterr().err
    assert PERSONAL not in told
    assert told.count("Odd") >= 7
    assert told.count("in fail") >= 6


def test_a_record_has_type_and_frames(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    structlog.get_logger().error("failed", exc_info=failure())
    logging.getLogger("library").error("gave up on %s", PERSONAL, exc_info=failure())

    ours, theirs = told(capsys)
    assert (ours["event"], ours["error"]) == ("failed", "Odd")
    assert (theirs["event"], theirs["error"]) == ("gave up on %s", "Odd")
    assert ours["frames"][-1].endswith("in fail")
    assert theirs["frames"][-1].endswith("in fail")


def test_a_record_is_one_line_whatever_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    structlog.get_logger().info("seen", path="a\nb", half="\ud800", where=Path("log.db"), ids=("1", "2"))

    (record,) = told(capsys)
    assert record["path"] == "a\nb"
    assert record["half"] == "\ud800"
    assert record["where"] == repr(Path("log.db"))
    assert record["ids"] == ["1", "2"]
    assert abs(datetime.fromisoformat(record["timestamp"]).timestamp() - time.time()) < 60


def test_a_record_without_exception_keeps_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    logging.getLogger("library").warning("slow: %d s", 3)
    structlog.get_logger().error("failed", exc_info=None)

    theirs, ours = told(capsys)
    assert theirs["event"] == "slow: 3 s"
    assert "frames" not in ours


@pytest.mark.parametrize("as_json", [True, False])
def test_a_secret_hides_in_a_record(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    configure_logs(as_json=as_json)
    secret = Secret("hush")
    structlog.get_logger().error("started", key=secret, keys=f"{secret} {secret!s:>20} {secret!r}")
    logging.getLogger("library").warning("key %s", secret)

    told = capsys.readouterr().err
    assert "hush" not in told
    assert told.count("Secret(***)") == 5


def test_a_tests_logs_are_not_another_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """Else a module's logger would write for good to where this test's output went."""
    logger = structlog.get_logger()
    configure_logs()
    logger.info("seen")
    structlog.reset_defaults()
    logger.info("seen again")

    said = capsys.readouterr()
    assert "seen again" not in said.err
    assert "seen again" in said.out


async def test_task_that_nobody_awaited_is_told_without_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs()
    error = failure()
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": error, "future": repr(error)}
    )

    (line,) = told(capsys)
    assert line["event"] == "Task exception was never retrieved"
    assert PERSONAL not in repr(line)


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]
