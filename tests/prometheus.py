"""A real Prometheus on loopback for tests, and the tools that go with it.

    with Prometheus.running(tmp_path, {"metrics": ["127.0.0.1:9100"]}, tools=prometheus_tools) as prometheus:
        prometheus.until_scraped()
        assert prometheus.value('sum(frontdesk_contacts_offered_total)') == 12

Nothing is installed: `scripts/fetch_prometheus.py` finds the tools or unpacks them into .tools/.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest

from scripts.fetch_prometheus import NoTool, tools

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
QUERY_SECONDS_MAX = 30
SCRAPED_SECONDS_MAX = 60


@dataclass(frozen=True)
class Tools:
    """Paths of the real programs."""

    prometheus: Path
    promtool: Path
    amtool: Path


@pytest.fixture(scope="session")
def prometheus_tools() -> Tools:
    """Prometheus, promtool and amtool; skips in one plain line where they are not to be had (with CI=true: fails)."""
    try:
        return Tools(*tools(("prometheus", "promtool", "amtool")))
    except NoTool as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def promtool(prometheus_tools: Tools) -> Path:
    return prometheus_tools.promtool


@dataclass(frozen=True)
class Sample:
    """One element of a vector: labels (with __name__ where there is one) and the newest value asked for."""

    labels: Mapping[str, str]
    value: float


class QueryFailed(Exception):
    """Prometheus refused an expression; the message is its own."""


class Prometheus:
    """A running server. All calls block; from a coroutine use asyncio.to_thread."""

    def __init__(self, folder: Path, url: str, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.url, self._process = folder, url, process

    @classmethod
    @contextlib.contextmanager
    def running(
        cls,
        folder: Path,
        targets: Mapping[str, Sequence[str]],
        *,
        tools: Tools,
        scrape_seconds: float = 1.0,
        rules: Sequence[Path] = (),
        rule_seconds: float = 5.0,
        flags: Sequence[str] = (),
    ) -> Iterator[Self]:
        """Scrapes `targets` (job -> addresses, "host:port", path /metrics) until the block ends.

        `folder` keeps its data and its log. Raises RuntimeError with the end of the log when it does not start.
        """
        folder.mkdir(parents=True, exist_ok=True)
        _configure(folder, targets, scrape_seconds, rules, rule_seconds)
        log = folder / "prometheus.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [
                    tools.prometheus,
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    "--web.listen-address=127.0.0.1:0",
                    *flags,
                ],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        try:
            yield cls(folder, _listening(process, log), process)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def point_at(self, targets: Mapping[str, Sequence[str]]) -> None:
        """Scrapes these from now on: a process that was started again has another port."""
        _write_targets(self.folder, targets)

    def query(self, expression: str, *, at: float | None = None) -> list[Sample]:
        """The instant vector (or scalar) now, or at an instant in seconds since the epoch. Raises QueryFailed."""
        moment = {} if at is None else {"time": repr(at)}
        data = self._ask("query", query=expression, **moment)
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]))]
        return [Sample(one["metric"], float(one["value"][1])) for one in data["result"]]

    def curve(self, expression: str, start: float, end: float, step_seconds: float) -> list[float]:
        """All values of a range query, of every line."""
        bounds = {"start": repr(start), "end": repr(end), "step": repr(step_seconds)}
        found = self._ask("query_range", query=expression, **bounds)["result"]
        return [float(value) for line in found for _, value in line["values"]]

    def value(self, expression: str, *, at: float | None = None) -> float:
        """The one value of the expression; AssertionError when there is none or more than one."""
        found = self.query(expression, at=at)
        assert len(found) == 1, f"{expression}: {found}"
        return found[0].value

    def until_scraped(self, *, after: float | None = None) -> None:
        """Returns once every target was scraped with success after the instant (now), in seconds since the epoch."""
        wanted = datetime.fromtimestamp(time.time() if after is None else after, UTC)
        self.until(
            lambda: all(
                one["health"] == "up" and datetime.fromisoformat(_micros(one["lastScrape"])) > wanted
                for one in self._targets()
            ),
            "all targets scraped",
        )

    def until(self, true: Any, what: str, *, seconds_max: float = SCRAPED_SECONDS_MAX) -> None:
        """Polls a condition; AssertionError after the bound, with what was waited for."""
        ends_at = time.monotonic() + seconds_max
        while not true():
            assert time.monotonic() < ends_at, f"not in {seconds_max} s: {what}; {self._targets()}"
            time.sleep(0.1)

    def rules(self) -> list[dict[str, Any]]:
        """Every loaded rule as the API tells it (name, query, health, lastError, state of alerts)."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def _targets(self) -> list[dict[str, Any]]:
        """Those that it scrapes, and one of unknown health for each address that it should add or drop."""
        groups = json.loads((self.folder / "targets.json").read_text(encoding="utf-8"))
        wanted = {address for group in groups for address in group["targets"]}
        found = self._ask("targets", state="active")["activeTargets"]
        wrong = wanted ^ {one["labels"]["instance"] for one in found}
        return [*found, *({"health": "unknown", "instance": address} for address in sorted(wrong))]

    def _ask(self, endpoint: str, **parameters: str) -> Any:
        url = f"{self.url}/api/v1/{endpoint}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=QUERY_SECONDS_MAX) as answer:  # noqa: S310 # our own server
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise QueryFailed(json.load(error).get("error", str(error))) from None


def _configure(
    folder: Path,
    targets: Mapping[str, Sequence[str]],
    scrape_seconds: float,
    rules: Sequence[Path],
    rule_seconds: float,
) -> None:
    """JSON is YAML."""
    config = {
        "global": {
            "scrape_interval": f"{round(scrape_seconds * 1000)}ms",
            "scrape_timeout": f"{round(scrape_seconds * 1000)}ms",
            "evaluation_interval": f"{round(rule_seconds * 1000)}ms",
        },
        "rule_files": [str(path.resolve()) for path in rules],
        "scrape_configs": [
            {
                "job_name": "frontdesk",
                "file_sd_configs": [{"files": [str(folder / "targets.json")], "refresh_interval": "1s"}],
            }
        ],
    }
    _write_targets(folder, targets)
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")


def _write_targets(folder: Path, targets: Mapping[str, Sequence[str]]) -> None:
    groups = [{"targets": list(addresses), "labels": {"job": job}} for job, addresses in targets.items()]
    fresh = folder / "targets.new"
    fresh.write_text(json.dumps(groups), encoding="utf-8")
    fresh.replace(folder / "targets.json")


def _listening(process: subprocess.Popen[bytes], log: Path) -> str:
    """Its URL, from its own log: port 0 took a free one."""
    ends_at = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < ends_at and process.poll() is None:
        told = log.read_text(encoding="utf-8", errors="replace")
        found = re.search(r'msg="Listening on" .*address=(127\.0\.0\.1:\d+)', told)
        if found and "Server is ready to receive web requests" in told:
            return f"http://{found[1]}"
        time.sleep(0.05)
    raise RuntimeError(f"Prometheus did not start: {log.read_text(errors='replace')[-2_000:]}")


def _micros(instant: str) -> str:
    """Go writes nanoseconds, Python reads microseconds."""
    return re.sub(r"(\.\d{6})\d+", r"\1", instant)
