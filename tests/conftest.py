"""What every test may ask for: a real Kafka (`kafka_bootstrap`), one for the whole run; a real Prometheus."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

from services.runtime import broker

# No test is timed: a slow machine is no fault. All else stays as the surroundings (CI or not) have it.
settings.register_profile("frontdesk", settings(), deadline=None)
settings.load_profile("frontdesk")

pytest_plugins = ["tests.prometheus", "tests.lanes"]

TEST_KAFKA = Path(__file__).resolve().parents[1] / ".state" / "test-kafka"
NO_KAFKA = "no real Kafka here: " + broker.INSTALL


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for the broker is marked `kafka`, without having to say it twice."""
    for item in items:
        if "kafka_bootstrap" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kafka)


@pytest.fixture(autouse=True)
def logs_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test configures of logs is undone: a command that runs in this process does, and what it writes to is closed
    when its test is over. No module's logger is kept for good as it was then, which configuring anew would not undo.
    """
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(structlog, "configure", partial(_configure_uncached, structlog.configure))
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def _configure_uncached(configure: Callable[..., None], **settings: Any) -> None:
    configure(**settings | {"cache_logger_on_first_use": False})


@pytest.fixture(scope="session")
def kafka_state() -> Iterator[Path]:
    """A folder for this run's brokers; what a run that was killed has left behind is ended and removed."""
    TEST_KAFKA.mkdir(parents=True, exist_ok=True)
    for left in TEST_KAFKA.iterdir():
        if not _alive(int(left.name)):
            _remove(left)
    state = TEST_KAFKA / str(os.getpid())
    state.mkdir(exist_ok=True)
    yield state
    _remove(state)


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_state: Path) -> str:
    """The address of a real broker: FRONTDESK_TEST_BOOTSTRAP where it is set, else one of this run's own."""
    given = os.environ.get("FRONTDESK_TEST_BOOTSTRAP")
    if given:
        return given
    if not broker.can_run():
        if os.environ.get("CI") == "true":
            pytest.fail(NO_KAFKA, pytrace=False)
        pytest.skip(NO_KAFKA)
    return broker.start(kafka_state / "shared", port=0).bootstrap


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _remove(run: Path) -> None:
    for state in run.iterdir():
        known = broker.running(state)
        if known is not None:
            known.stop()
    with contextlib.suppress(OSError):
        shutil.rmtree(run)
