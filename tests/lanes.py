"""Two lanes of tests side by side (`scripts/test.sh -n 2 --dist loadscope`), each in a process.

What starts services and waits for them stands in one lane, what computes or builds in the other, so that each lane
leaves the machine to the other most of the time. A lane keeps its order, its broker and its fixtures; nothing in it
runs beside anything else of its own lane. Run without `-n`, all tests run one after the other.
"""

from __future__ import annotations

import sys

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

WAITING = ("conformance", "integration", "chaos", "e2e")
"""Folders whose tests start routers, brokers and clients, and wait for what these do."""
COMPUTING = "e2e/test_wallboard"
"""Of these, what shows pages in a browser."""
FIGURES = "outside_figures"


def lane_of(place: str) -> str:
    """The lane of a test's file, told by its path from tests/."""
    waits = place.split("/", 1)[0] in WAITING and not place.startswith(COMPUTING)
    return "waiting" if waits else "computing"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Hands each lane to a process of its own."""
    return LaneScheduling(config, log)


class LaneScheduling(LoadScopeScheduling):  # type: ignore[misc] # has no types
    """What pytest-xdist does with modules or classes of tests, with lanes."""

    def _split_scope(self, nodeid: str) -> str:
        return lane_of(nodeid.partition("::")[0].removeprefix("tests/"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hands what the outside tests measured in a lane over to the process that tells the result."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told[FIGURES] = _figures()


class Lanes:
    """Collects what the lanes hand over; known to pytest only where there are lanes."""

    def __init__(self) -> None:
        self.figures: list[str] = []

    def pytest_testnodedown(self, node: object) -> None:
        self.figures += getattr(node, "workeroutput", {}).get(FIGURES, [])


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Lanes(), "lanes")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints every figure that the outside tests measured, together; says so where their cases are absent."""
    lanes = config.pluginmanager.getplugin("lanes")
    figures = lanes.figures if isinstance(lanes, Lanes) else _figures()
    from tests.outside.data import DATA  # late: pytest shall not load what it imports at its start

    terminalreporter.section("outside cases", sep="-")
    if not DATA.is_dir():
        terminalreporter.write_line(f"nothing was compared: there are no outside cases at {DATA}")
    for line in figures:
        terminalreporter.write_line(line)


def _figures() -> list[str]:
    data = sys.modules.get("tests.outside.data")
    return list(data.FIGURES) if data is not None else []
