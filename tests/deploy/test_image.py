"""The image, built without a registry and run as a restricted pod would run it (a few minutes the first time)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import build_image, buildah, run_image
from scripts.build_image import Image
from scripts.run_image import Container
from services.runtime.ports import free_port

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy" / "compose.yaml"
SERVICES = ("router", "intake", "metrics")


@pytest.fixture(scope="module")
def image() -> Image:
    lacking = build_image.missing() + [name for name in ("runc",) if shutil.which(name) is None]
    if lacking:
        said = f"the image cannot be built here, missing: {', '.join(lacking)}"
        if os.environ.get("CI") == "true":
            pytest.fail(said, pytrace=False)
        pytest.skip(said)
    return build_image.build()


@pytest.fixture(scope="module")
def container(image: Image) -> Iterator[Container]:
    with run_image.running(image.name, ["serve"], run_image.SETTINGS) as started:
        yield started


def test_it_names_a_numeric_user_an_exec_form_and_what_it_is(image: Image) -> None:
    config = buildah.inspect(image.name)
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["frontdesk"]
    assert config["StopSignal"] == "SIGTERM"
    labels = config["Labels"]
    assert isinstance(labels, dict)
    assert labels["org.opencontainers.image.title"] == "frontdesk"
    assert labels["org.opencontainers.image.revision"] != "unknown"


def test_nothing_of_this_machines_registry_settings_is_in_it(image: Image) -> None:
    config = json.dumps(buildah.inspect(image.name))
    for name in ("PIP_INDEX_URL", "PIP_CERT", "PIP_CONFIG_FILE", "/run/secrets"):
        assert name not in config


def test_it_runs_without_rights_on_a_root_that_nothing_can_write_to(container: Container) -> None:
    status = Path(f"/proc/{container.pid}/status").read_text(encoding="utf-8")
    rows = {key: value.split() for key, _, value in (line.partition(":") for line in status.splitlines())}
    assert set(rows["Uid"]) == {"65532"}
    assert int(rows["CapEff"][0], 16) == 0
    assert rows["NoNewPrivs"] == ["1"]
    assert container.inside("sh", "-c", "echo x > /opt/frontdesk/x").returncode != 0


def test_it_answers_health_and_carries_its_bill_of_materials(container: Container) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "services", "health", "--address", container.addresses["grpc"]],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert asked.returncode == 0, asked.stderr
    bill = json.loads(container.inside("cat", "/opt/frontdesk/sbom.cdx.json").stdout)
    assert bill["bomFormat"] == "CycloneDX"
    held = {one["name"].lower() for one in bill["components"]}
    assert {"kafka-python", "aiokafka", "faust-streaming", "grpcio"} <= held
    assert "pip" not in held


def test_its_router_weighs_by_compiled_code(container: Container) -> None:
    ask = "from services.router import kernels; print(kernels.said())"
    said = container.inside("/opt/frontdesk/bin/python", "-BIc", ask)
    assert said.stdout.strip() == "{'scoring': 'compiled', 'records': 'compiled'}", said.stderr


def test_sigterm_ends_it_in_order_and_in_time(container: Container) -> None:
    status, seconds = container.stop()
    assert status == 0
    assert seconds < run_image.STOP_SECONDS_MAX


def test_the_services_of_compose_run_on_kafka_and_answer_the_health_that_compose_asks(
    image: Image, kafka_bootstrap: str
) -> None:
    """Each with its own command, settings, mounts and read-only root; only addresses are this machine's."""
    with ExitStack() as stack:
        started = {name: stack.enter_context(of_compose(image, name, kafka_bootstrap)) for name in SERVICES}
        for name, one in started.items():
            asked = one.inside(*service(name)["healthcheck"]["test"][1:])
            assert asked.returncode == 0, f"{name}: {asked.stdout}{asked.stderr}"
        for name in reversed(SERVICES):
            assert started[name].stop()[0] == 0, name


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"][name]
    return found


def of_compose(image: Image, name: str, bootstrap: str) -> AbstractContextManager[Container]:
    """A service of deploy/compose.yaml in runc."""
    asked = service(name)
    env = {key: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for key, value in asked["environment"].items()}
    env |= {
        f"FRONTDESK_{door}_PORT": str(free_port())
        for door in ("HTTP", "GRPC", "SMTP", "METRICS", "WALLBOARD")
    }
    env |= {"FRONTDESK_HOST": "127.0.0.1", "FRONTDESK_KAFKA_BOOTSTRAP": bootstrap}
    files = {}
    for volume in asked.get("volumes", []):
        source, inside, mode = volume.split(":")
        assert mode == "ro"
        files[inside] = (COMPOSE.parent / source).resolve()
    return run_image.running(image.name, asked["command"], env, files)
