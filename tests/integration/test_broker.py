"""The broker that `make kafka-up` starts: it is found again, ended, and never mistaken for another process."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from services.runtime import broker
from services.runtime.broker.docker_node import DockerNode

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.runtime.broker", *arguments],
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def state(kafka_bootstrap: str, kafka_state: Path, tmp_path: Path) -> str:
    return str(kafka_state / tmp_path.name)


def test_up_again_says_where_it_is_and_down_ends_it(state: str) -> None:
    first = command("up", "--port", "0", "--state", state)
    address = re.search(r"is up at (\S+)", first.stdout)
    assert first.returncode == 0 and address is not None, first.stderr
    assert (Path(state) / "bootstrap").read_text().strip() == address[1]

    again = command("up", "--port", "0", "--state", state)
    assert (again.returncode, again.stdout.strip()) == (0, f"Kafka is already up at {address[1]}")
    assert command("status", "--state", state).returncode == 0

    assert command("down", "--state", state).returncode == 0
    assert command("status", "--state", state).returncode == 1
    assert "no broker is running" in command("down", "--state", state).stdout
    assert not (Path(state) / "bootstrap").exists()


def test_a_port_that_is_taken_is_refused_in_words(state: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = command("up", "--state", state, "--port", str(taken.getsockname()[1]))

    assert refused.returncode == 1
    assert "is taken" in refused.stderr


def test_where_9092_is_taken_a_free_port_is_chosen(state: str) -> None:
    with socket.socket() as taken:
        with contextlib.suppress(OSError):  # somebody else may have it already
            taken.bind(("127.0.0.1", 9092))
            taken.listen()
        up = command("up", "--state", state)
        command("down", "--state", state)

    address = re.search(r"is up at 127\.0\.0\.1:(\d+)", up.stdout)
    assert address is not None, up.stderr
    assert address[1] != "9092"


def test_the_port_of_a_killed_broker_may_stay_taken_for_a_moment(state: str) -> None:
    """On a busy machine the kernel closes a killed process's sockets after it is gone."""
    mine = broker.start(state, port=0)
    mine.kill()
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        until = time.monotonic() + 10.0
        while time.monotonic() < until:  # the very thing may happen here
            with contextlib.suppress(OSError):
                held.bind(("127.0.0.1", int(mine.bootstrap.rsplit(":", 1)[1])))
                break
            time.sleep(0.05)
        held.listen()
        threading.Timer(1.0, held.close).start()
        mine.restart()
    mine.stop()


def test_another_broker_on_its_port_is_not_taken_for_it(state: str, kafka_state: Path) -> None:
    mine = broker.start(state, port=0)
    port = int(mine.bootstrap.rsplit(":", 1)[1])
    mine.stop()
    other = broker.start(kafka_state / "other", port=port)
    try:
        with pytest.raises(broker.BrokerError, match="taken by another program"):
            mine.restart()
        moved = broker.start(state)
        assert moved.bootstrap != other.bootstrap
        moved.stop()
    finally:
        other.stop()


def test_a_broker_that_cannot_start_shows_the_end_of_its_log(state: str) -> None:
    broken = {"num.network.threads": "many"}
    with pytest.raises(broker.BrokerError, match=r"num\.network\.threads"):
        broker.start(state, port=0, properties=broken)

    broker.start(state, port=0).stop()
    with pytest.raises(broker.NotReady, match=r"(?s)ended after .*broker\.log.*num\.network\.threads"):
        broker.start(state, port=0, properties=broken)
    assert broker.running(state) is None


def test_a_pid_file_that_names_another_process_ends_nobody(state: str) -> None:
    started = broker.start(state, port=0)
    pid_file = Path(state) / "pid"
    if started.kind == "docker":
        pytest.skip("a container is known by its name")
    own = pid_file.read_text()
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        pid_file.write_text(str(bystander.pid))
        assert broker.running(state) is None
        assert "no broker is running" in command("down", "--state", state).stdout
        assert bystander.poll() is None
    finally:
        bystander.communicate(b"\n")
        pid_file.write_text(own)
    started.stop()
    assert started.pid == 0


def test_with_nothing_to_run_it_one_line_says_what_to_install(tmp_path: Path) -> None:
    refused = command(
        "up", "--state", str(tmp_path), PATH="", JAVA_HOME="", FRONTDESK_KAFKA_LIB=str(tmp_path)
    )

    assert refused.returncode == 3
    assert refused.stderr.count("\n") == 1
    assert "Java 17+ and Maven" in refused.stderr


@pytest.mark.parametrize(("ci", "code", "word"), [("", 0, "skipped"), ("true", 1, "error")])
def test_without_a_broker_kafka_tests_are_skipped_and_fail_in_ci(
    tmp_path: Path, ci: str, code: int, word: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "tests/conformance/test_topics.py", "-k", "again and kafka"],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PATH": "", "JAVA_HOME": "", "FRONTDESK_KAFKA_LIB": str(tmp_path), "CI": ci}
        | {"FRONTDESK_TEST_BOOTSTRAP": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert run.returncode == code, run.stdout
    assert f"1 {word}" in run.stdout
    assert "no real Kafka here" in run.stdout


def test_docker_is_told_the_whole_configuration_on_loopback_only(tmp_path: Path) -> None:
    """A stand-in for the client writes down what it is asked for; no engine is needed for that."""
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\n[ "$1" = inspect ] && exit 1\nprintf "%s\\n" "$@" >> {tmp_path}/asked\n')
    docker.chmod(0o755)

    DockerNode(str(docker), tmp_path, heap="1g", extra={}).start(
        port=9094, controller_port=9095, say=lambda _: None
    )

    asked = (tmp_path / "asked").read_text().splitlines()
    assert "127.0.0.1:9094:9094" in asked
    assert "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:9094,CONTROLLER://127.0.0.1:9095" in asked
    assert "KAFKA_CONTROLLER_QUORUM_VOTERS=1@127.0.0.1:9095" in asked
    assert "KAFKA_HEAP_OPTS=-Xms1g -Xmx1g" in asked
    assert asked[-1].startswith("apache/kafka:4.")
