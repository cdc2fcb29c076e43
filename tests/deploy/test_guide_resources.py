"""What docs/operations.md shows and counts: its resources are taken, its sizes follow from what was measured."""

from __future__ import annotations

import re
from typing import Any

import yaml

from scripts import manifests
from services.metrics.settings import MetricsSettings
from tests.deploy.rendered import ROOT, WORKLOADS, by_name, of_kind


def of_the_guide(*kinds: str) -> list[Any]:
    """The resources of docs/operations.md of these kinds."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    return [
        one
        for block in re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
        for one in yaml.safe_load_all(block)
        if one["kind"] in kinds
    ]


def test_the_operators_pod_of_the_guide_is_taken_and_reaches_kafka_and_the_services() -> None:
    (pod,) = of_the_guide("Pod")
    assert manifests.core_faults([pod]) == []
    spec, (container,) = pod["spec"], pod["spec"]["containers"]
    router = by_name("prod", "StatefulSet", "frontdesk-router")["spec"]["template"]["spec"]
    assert spec["securityContext"].items() <= router["securityContext"].items()
    assert container["securityContext"] == router["containers"][0]["securityContext"]

    secrets = {one["name"]: one["secret"]["secretName"] for one in spec["volumes"] if "secret" in one}
    assert by_name("prod", "KafkaUser", secrets["kafka-user"])
    cluster = by_name("prod", "Kafka", "frontdesk")["metadata"]["name"]
    assert secrets["kafka-ca"] == f"{cluster}-cluster-ca-cert"
    mounted = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
    assert set(mounted.values()) == {one["name"] for one in spec["volumes"]}
    (shared,) = [
        one
        for one in of_kind("prod", "ConfigMap")
        if one["metadata"]["name"].startswith("frontdesk-settings")
    ]
    for setting in container["env"]:
        assert setting["value"] == shared["data"][setting["name"]]

    for service in ("intake", "router", "metrics"):
        policy = by_name("prod", "NetworkPolicy", f"frontdesk-{service}")["spec"]
        (selector,) = [
            peer["podSelector"]["matchLabels"]
            for rule in policy["ingress"]
            if {"port": 50051} in rule["ports"]
            for peer in rule["from"]
        ]
        assert selector.items() <= pod["metadata"]["labels"].items()


def test_the_examples_of_the_operations_guide_are_taken_and_find_intake() -> None:
    found = of_the_guide("Service", "NetworkPolicy")
    assert {one["kind"] for one in found} == {"Service", "NetworkPolicy"}
    assert manifests.core_faults(found) == []
    intake = by_name("prod", "Deployment", "frontdesk-intake")["spec"]["template"]
    ports = {port["name"]: port["containerPort"] for port in intake["spec"]["containers"][0]["ports"]}
    for one in found:
        spec = one["spec"]
        wanted = spec["podSelector"]["matchLabels"] if one["kind"] == "NetworkPolicy" else spec["selector"]
        assert wanted.items() <= intake["metadata"]["labels"].items()
        for port in spec["ports"] if one["kind"] == "Service" else []:
            assert port["targetPort"] in ports
        for rule in spec.get("ingress", []):
            assert {port["port"] for port in rule["ports"]} <= set(ports.values())


def test_each_pod_requests_what_the_guides_table_of_measured_sizes_says() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| .* \| cpu (\w+), memory (\w+) \|$", page, re.MULTILINE)
    for name, cpu, memory in rows:
        (container,) = [
            one
            for workload in of_kind("prod", *WORKLOADS)
            for one in workload["spec"]["template"]["spec"]["containers"]
            if one["name"] == name
        ]
        requests = container["resources"]["requests"]
        assert (requests["cpu"], requests["memory"]) == (cpu, memory), name
    assert {name for name, _, _ in rows} == {"intake", "router", "metrics"}


def figures(pattern: str, path: str) -> list[float]:
    """The figures of the one sentence of a page that has the pattern."""
    page = re.sub(r"\s+", " ", (ROOT / path).read_text(encoding="utf-8"))
    ((*found,),) = re.findall(pattern, page)
    return [float(one.replace(",", "")) for one in found]


def test_what_the_guide_says_a_pods_memory_holds_follows_from_what_was_measured() -> None:
    """Three quarters of its request: the idle process, and its desks or contacts with all their days."""
    guide = "docs/operations.md"
    idle, request = figures(r"\| metrics \| (\d+) MiB, .*? memory (\d+)Gi \|", guide)
    days, a_desk = figures(
        r"`FRONTDESK_METRICS_KEEP_DAYS` \| (\d+) \|.*? takes ([\d.]+) MiB of memory", "docs/metrics.md"
    )
    told, told_days, desks, more = figures(
        r"takes ([\d.]+) MiB once the (\d+) days .*? so hold (\d+) such desks; give (\d+) MiB more", guide
    )
    assert (told, told_days) == (a_desk, days) and days == MetricsSettings.keep_days
    assert idle + desks * a_desk <= 0.75 * request * 1024
    assert more == round(a_desk / 0.75)

    idle, request = figures(r"\| router \| (\d+) MiB, .*? memory (\d+)Gi \|", guide)
    measured = figures(r"on the day after ([\d.]+) kB, then ([\d.]+) kB until its repeat window", "README.md")
    *told_each, contacts, kilobytes = figures(
        r"takes ([\d.]+) kB on the day after it and ([\d.]+) kB on each .*? so hold ([\d,]+) contacts a day; give (\d+) kB",
        guide,
    )
    a_contact = 1.2 * (measured[0] + 6 * measured[1])
    assert told_each == measured
    assert idle * 2**20 + contacts * a_contact * 1000 <= 0.75 * request * 2**30
    assert kilobytes == round(a_contact / 0.75)
