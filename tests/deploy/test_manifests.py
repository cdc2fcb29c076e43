"""deploy/k8s: every overlay and combination is valid, and its parts agree with each other and with the code.

`make k8s` also runs checkov, and fetches the definitions of custom resources that these tests then use.
"""

from __future__ import annotations

import copy
import lzma
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from py3langid import langid

from scripts import manifests
from services.intake.accounts import load_accounts
from services.metrics import build as metrics_build
from services.metrics.settings import MetricsSettings
from services.router import build as router_build
from services.router.desks.config import load_toml
from services.router.owner import GROUP
from services.runtime import kafka_topics
from services.runtime.kafka_faults import CLOSE_SECONDS_MAX
from services.runtime.lifecycle import STOP_SECONDS_MAX
from services.runtime.rpc_settings import RpcSettings
from tests.deploy.rendered import NAMES, PARTITIONS, ROOT, WORKLOADS, by_name, of_kind, resources


@pytest.mark.parametrize("name", NAMES)
def test_kubernetes_takes_it_strictly_in_two_versions(name: str) -> None:
    assert manifests.core_faults(resources(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_custom_resources_have_no_key_that_their_definition_lacks(name: str, crds: Path) -> None:
    assert manifests.custom_faults(resources(name), crds) == []


def test_an_unknown_key_of_a_container_is_found() -> None:
    wrong = copy.deepcopy(of_kind("prod", "StatefulSet")[0])
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    assert len(manifests.core_faults([wrong])) == len(manifests.VERSIONS)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Kafka", ("spec", "kafka", "replicas"), 3),  # left with node pools
        ("KafkaTopic", ("spec", "partitions"), "many"),
        ("KafkaUser", ("spec", "authorization", "acl"), []),
        ("PodMonitor", ("spec", "podMetricsEndpoint"), []),
        ("HTTPRoute", ("spec", "timeouts"), {}),
    ],
)
def test_a_fault_of_a_custom_resource_is_found(
    kind: str, path: tuple[str, ...], value: object, crds: Path
) -> None:
    wrong = copy.deepcopy(of_kind("prod", kind)[0])
    *above, last = path
    inner = wrong
    for step in above:
        inner = inner[step]
    inner[last] = value
    assert manifests.custom_faults([wrong], crds)


@pytest.mark.parametrize("name", NAMES)
def test_each_pod_runs_restricted_without_rights_and_without_a_token(name: str) -> None:
    for workload in of_kind(name, *WORKLOADS):
        pod = workload["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] >= 10_000
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            limits, requests = container["resources"]["limits"], container["resources"]["requests"]
            assert limits["memory"] == requests["memory"]
            assert "cpu" in requests
            assert "cpu" not in limits
        accounts = of_kind(name, "ServiceAccount")
        assert pod["serviceAccountName"] in [one["metadata"]["name"] for one in accounts]
    assert not of_kind(name, "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    (namespace,) = of_kind(name, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("name", NAMES)
def test_liveness_asks_the_event_loop_and_readiness_the_whole_service(name: str) -> None:
    for workload in of_kind(name, *WORKLOADS):
        for container in workload["spec"]["template"]["spec"]["containers"]:
            assert container["livenessProbe"]["grpc"]["service"] == "liveness"
            assert container["readinessProbe"]["grpc"]["service"] == "readiness"
            startup = container["startupProbe"]
            assert startup["grpc"]["service"] == "liveness"
            assert startup["periodSeconds"] * startup["failureThreshold"] >= 300


@pytest.mark.parametrize("name", NAMES)
def test_the_grace_period_covers_everything_that_a_stop_may_take(name: str) -> None:
    for workload in of_kind(name, *WORKLOADS):
        pod = workload["spec"]["template"]["spec"]
        before = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        needed = before + RpcSettings().drain_seconds + RpcSettings().grace_seconds + 3 * CLOSE_SECONDS_MAX
        assert pod["terminationGracePeriodSeconds"] > needed
        assert pod["terminationGracePeriodSeconds"] > before + STOP_SECONDS_MAX


@pytest.mark.parametrize("name", NAMES)
def test_each_workload_has_a_disruption_budget_and_spreads_over_zones_and_hosts(name: str) -> None:
    budgets = {
        one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"]: one
        for one in of_kind(name, "PodDisruptionBudget")
    }
    for workload in of_kind(name, *WORKLOADS):
        component = workload["metadata"]["labels"]["app.kubernetes.io/component"]
        assert budgets[component]["spec"]["maxUnavailable"] == 1
        spread = workload["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {one["topologyKey"] for one in spread} == {
            "topology.kubernetes.io/zone",
            "kubernetes.io/hostname",
        }


@pytest.mark.parametrize("name", NAMES)
def test_every_selector_finds_a_workload_and_every_port_that_it_names(name: str) -> None:
    pods = [one["spec"]["template"] for one in of_kind(name, *WORKLOADS)]
    for service in of_kind(name, "Service"):
        wanted = service["spec"]["selector"].items()
        (pod,) = [one for one in pods if wanted <= one["metadata"]["labels"].items()]
        ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    for workload in of_kind(name, *WORKLOADS):
        template = workload["spec"]["template"]["metadata"]["labels"]
        assert workload["spec"]["selector"]["matchLabels"].items() <= template.items()
        if workload["kind"] == "StatefulSet":
            assert by_name(name, "Service", workload["spec"]["serviceName"])["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize("name", NAMES)
def test_grpc_is_balanced_by_the_client_over_headless_services(name: str) -> None:
    for service in of_kind(name, "Service"):
        if any(port["name"] == "grpc" for port in service["spec"]["ports"]):
            assert service["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize("name", NAMES)
def test_from_outside_grpc_is_reached_with_a_certificate_or_not_at_all(name: str) -> None:
    """Router and metrics know a caller by its client certificate alone, which a gateway that ends TLS would hide."""
    modes = {
        (gateway["metadata"]["name"], listener["name"]): listener["tls"]["mode"]
        for gateway in of_kind(name, "Gateway")
        for listener in gateway["spec"]["listeners"]
    }
    for route in of_kind(name, "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"):
        (parent,) = route["spec"]["parentRefs"]
        for backend in (one for rule in route["spec"]["rules"] for one in rule["backendRefs"]):
            if backend["port"] != 50051:
                assert (backend["name"], backend["port"]) == ("frontdesk-intake", 80)
                continue
            assert modes[parent["name"], parent["sectionName"]] == "Passthrough"
            assert asks_for_certificates(by_name(name, "StatefulSet", backend["name"]))
    routes = {one["kind"] for one in of_kind(name, "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute")}
    assert ("TLSRoute" in routes) is (name == "tests/gateway-grpc")
    assert "GRPCRoute" not in routes


def asks_for_certificates(workload: dict[str, Any]) -> bool:
    """Whether its gRPC is by mutual TLS; then the files must be mounted and the probes have a plaintext port."""
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    env = {one["name"]: one.get("value") for one in container["env"]}
    if "FRONTDESK_GRPC_TLS_CLIENT_CA_FILE" not in env:
        return False
    mounts = {one["mountPath"] for one in container["volumeMounts"]}
    for part in ("CERT", "KEY", "CLIENT_CA"):
        assert str(Path(env[f"FRONTDESK_GRPC_TLS_{part}_FILE"] or "").parent) in mounts
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert str(container[probe]["grpc"]["port"]) == env["FRONTDESK_GRPC_HEALTH_PORT"]
    return True


def test_in_production_every_service_asks_callers_of_grpc_for_a_certificate() -> None:
    assert all(asks_for_certificates(workload) for workload in of_kind("prod", *WORKLOADS))
    plain = [
        port.get("appProtocol")
        for service in of_kind("prod", "Service")
        for port in service["spec"]["ports"]
        if port["name"] == "grpc"
    ]
    assert plain == [None, None, None]  # h2c would be plaintext


def test_only_intake_is_scaled_by_an_autoscaler_which_then_owns_the_replicas() -> None:
    for name in NAMES:
        scaled = [one["spec"]["scaleTargetRef"]["name"] for one in of_kind(name, "HorizontalPodAutoscaler")]
        assert scaled in ([], ["frontdesk-intake"])
        assert ("replicas" in by_name(name, "Deployment", "frontdesk-intake")["spec"]) is (scaled == [])


@pytest.mark.parametrize("name", [name for name in NAMES if of_kind(name, "NetworkPolicy")])
def test_networks_are_closed_both_ways_and_nothing_is_opened_to_all(name: str) -> None:
    policies = of_kind(name, "NetworkPolicy")
    (deny,) = [one for one in policies if one["metadata"]["name"] == "frontdesk-default-deny"]
    assert deny["spec"] == {
        "podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "frontdesk"}},
        "policyTypes": ["Ingress", "Egress"],
    }
    for workload in of_kind(name, *WORKLOADS):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "frontdesk"
    for policy in policies:
        for rule in policy["spec"].get("ingress", []):
            assert rule["from"] and rule["ports"]
        for rule in policy["spec"].get("egress", []):
            assert rule["to"] and rule["ports"]


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_those_that_the_services_know_and_no_secret_is_among_them(name: str) -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    known = set(re.findall(r"^\| `(FRONTDESK_[A-Z_]+)`", page, re.MULTILINE))
    given = {
        key
        for one in of_kind(name, "ConfigMap")
        for key in one["data"]
        if one["metadata"]["name"].startswith("frontdesk-settings")
    }
    for workload in of_kind(name, *WORKLOADS):
        container = workload["spec"]["template"]["spec"]["containers"][0]
        given |= {one["name"] for one in container["env"]}
        assert not any("secretKeyRef" in one.get("valueFrom", {}) for one in container["env"])
    assert given <= known
    assert not any(re.search("PASSWORD|SECRET_|TOKEN|_KEY$|_KEYS$", key) for key in given)


def test_a_change_of_settings_rolls_the_workloads_out() -> None:
    (settings,) = [
        one
        for one in of_kind("prod", "ConfigMap")
        if one["metadata"]["name"].startswith("frontdesk-settings-")
    ]
    for workload in of_kind("prod", *WORKLOADS):
        (named,) = workload["spec"]["template"]["spec"]["containers"][0]["envFrom"]
        assert named["configMapRef"]["name"] == settings["metadata"]["name"]


def test_the_public_address_is_the_host_of_the_gateway() -> None:
    """Twilio signs it: with another one every delivery would be refused, without one intake does not start."""
    (settings,) = [
        one["data"]
        for one in of_kind("prod", "ConfigMap")
        if one["metadata"]["name"].startswith("frontdesk-settings-")
    ]
    (route,) = of_kind("prod", "HTTPRoute")
    assert [settings["FRONTDESK_PUBLIC_URL"]] == [f"https://{host}" for host in route["spec"]["hostnames"]]


def test_strimzi_makes_the_topics_that_the_services_would_make() -> None:
    specs = [*router_build.topics(PARTITIONS), *metrics_build.topics(PARTITIONS)]
    topics = {one["metadata"]["name"]: one["spec"] for one in of_kind("prod", "KafkaTopic")}
    assert topics.keys() == {spec.name for spec in specs}
    for spec in specs:
        made = topics[spec.name]
        wanted = kafka_topics._creation(spec, 3)
        assert made["partitions"] == wanted["num_partitions"]
        config = {key: str(value).lower() for key, value in made["config"].items()}
        assert config.pop("min.insync.replicas") == "2"
        assert config == wanted["configs"]


def test_groups_and_topics_of_the_rights_are_those_of_the_code() -> None:
    names: dict[str, set[str]] = {"topic": set(), "group": set()}
    for user in of_kind("prod", "KafkaUser"):
        for acl in user["spec"]["authorization"]["acls"]:
            names[acl["resource"]["type"]].add(acl["resource"]["name"])
    assert names["group"] == {GROUP, MetricsSettings.app_id}
    assert names["topic"] == {one["metadata"]["name"] for one in of_kind("prod", "KafkaTopic")}


def test_each_service_mounts_its_own_certificate_of_kafka_and_no_other() -> None:
    for workload in of_kind("prod", *WORKLOADS):
        secrets = {
            volume["secret"]["secretName"]
            for volume in workload["spec"]["template"]["spec"]["volumes"]
            if "secret" in volume
        }
        kafka = {"frontdesk-cluster-ca-cert", workload["metadata"]["name"]}
        assert secrets == {own_secret(workload), "frontdesk-grpc-tls", *kafka}


def test_people_may_read_decisions_and_dead_letters_and_change_nothing() -> None:
    acls = by_name("prod", "KafkaUser", "frontdesk-operator")["spec"]["authorization"]["acls"]
    assert {one["resource"]["name"] for one in acls} == {
        "frontdesk.dead-letters.v1",
        "frontdesk.decisions.v1",
    }
    assert {operation for one in acls for operation in one["operations"]} == {"Read", "Describe"}


def own_secret(workload: dict[str, Any]) -> str:
    name: str = workload["metadata"]["name"]
    return "frontdesk-secrets" if name == "frontdesk-intake" else f"{name}-secrets"


@pytest.mark.parametrize("name", NAMES)
def test_each_service_reads_its_own_secret_which_only_intake_must_have(name: str) -> None:
    for workload in of_kind(name, *WORKLOADS):
        pod = workload["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        (volume,) = [one["secret"] for one in pod["volumes"] if one["name"] == "secrets"]
        (mount,) = [one for one in container["volumeMounts"] if one["name"] == "secrets"]
        (folder,) = [one["value"] for one in container["env"] if one["name"] == "FRONTDESK_SECRETS_DIR"]
        assert mount["mountPath"] == folder
        assert volume["secretName"].startswith(own_secret(workload))  # a generated one has a hash behind it
        assert volume.get("optional", False) is (workload["metadata"]["name"] != "frontdesk-intake")
        assert volume["secretName"] not in {one["metadata"]["name"] for one in of_kind(name, "KafkaUser")}


def test_production_names_the_image_by_digest_and_carries_no_secret() -> None:
    for workload in of_kind("prod", *WORKLOADS):
        image = workload["spec"]["template"]["spec"]["containers"][0]["image"]
        assert re.search(r"@sha256:[0-9a-f]{64}$", image)
    assert of_kind("prod", "Secret") == []


@pytest.mark.parametrize(
    ("copied", "original"), [("router/desk.toml", "desk.toml"), ("intake/accounts.toml", "accounts.toml")]
)
def test_the_desk_that_is_shipped_is_the_example(copied: str, original: str) -> None:
    assert (ROOT / "deploy/k8s/base" / copied).read_text() == (ROOT / "examples" / original).read_text()


def test_an_overlay_of_ones_own_changes_image_desk_accounts_hosts_and_sizes_without_editing_ours() -> None:
    name = "tests/own-overlay"
    for workload in of_kind(name, *WORKLOADS):
        image = workload["spec"]["template"]["spec"]["containers"][0]["image"]
        assert image.startswith("registry.house.example/frontdesk@sha256:1111")
    maps = {one["metadata"]["name"].rpartition("-")[0]: one["data"] for one in of_kind(name, "ConfigMap")}
    assert load_toml(maps["frontdesk-desks"]["desk.toml"]).desk_id == "house"
    assert load_accounts(maps["frontdesk-accounts"]["accounts.toml"]).default_desk == "house"
    assert maps["frontdesk-settings"]["FRONTDESK_PUBLIC_URL"] == "https://hooks.house.example"
    hosts = [
        listener["hostname"] for one in of_kind(name, "Gateway") for listener in one["spec"]["listeners"]
    ]
    hosts += [host for one in of_kind(name, "HTTPRoute") for host in one["spec"]["hostnames"]]
    assert hosts == ["hooks.house.example"] * 2
    router = by_name(name, "StatefulSet", "frontdesk-router")
    assert router["spec"]["replicas"] == 4
    assert router["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] == "4Gi"
    assert by_name(name, "KafkaNodePool", "broker")["spec"]["storage"]["size"] == "500Gi"


def test_every_component_is_in_some_combination() -> None:
    used = set()
    for folder in manifests.combinations().values():
        text = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
        used |= {Path(one).name for one in text.get("components", [])}
    assert used == {
        path.parent.name for path in (ROOT / "deploy/k8s/components").glob("*/kustomization.yaml")
    }


def test_the_dockerfile_passes_its_linter() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "hadolint", "deploy/docker/Dockerfile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_rules_of_the_cluster_are_those_that_are_tested() -> None:
    rules = {one["metadata"]["name"]: one["spec"] for one in of_kind("prod", "PrometheusRule")}
    files = sorted((ROOT / "deploy/monitoring/rules").rglob("*.yml"))
    assert len(rules) == len(files) > 0
    for path in files:
        name = "-".join(
            ["frontdesk", *path.relative_to(ROOT / "deploy/monitoring/rules").with_suffix("").parts]
        )
        assert rules[name] == yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_dashboard_is_a_config_map_that_grafanas_sidecar_finds() -> None:
    boards = {
        next(iter(one["data"])): one
        for one in of_kind("prod", "ConfigMap")
        if one["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
    }
    files = {path.name: path for path in (ROOT / "deploy/monitoring/dashboards").glob("*.json")}
    assert boards.keys() == files.keys()
    for name, path in files.items():
        assert boards[name]["data"][name] == path.read_text(encoding="utf-8")
        assert len(boards[name]["data"][name]) < 262_144  # client-side apply writes it into an annotation


def test_intake_has_room_to_unpack_its_language_model() -> None:
    """py3langid unpacks it into a temporary file; with less room the pod would end at its start."""
    (tmp,) = [
        volume["emptyDir"]
        for volume in by_name("prod", "Deployment", "frontdesk-intake")["spec"]["template"]["spec"]["volumes"]
        if volume["name"] == "tmp"
    ]
    with lzma.open(Path(langid.__file__).parent / langid.MODEL_FILE) as model:
        unpacked = sum(len(part) for part in iter(lambda: model.read(1 << 20), b""))
    assert int(tmp["sizeLimit"].removesuffix("Mi")) * 2**20 > unpacked * 1.5


def test_each_service_is_a_job_of_its_own_with_the_name_that_the_example_of_scraping_has() -> None:
    """Rules group by job: under one name for all, a fault of one service would spend the budget of another."""
    (monitor,) = [one for one in of_kind("prod", "PodMonitor") if one["metadata"]["name"] == "frontdesk"]
    (relabelling,) = monitor["spec"]["podMetricsEndpoints"][0]["relabelings"]
    (source,) = relabelling["sourceLabels"]
    assert relabelling["targetLabel"] == "job"
    jobs = set()
    for workload in of_kind("prod", *WORKLOADS):
        meta = {
            "__meta_kubernetes_pod_label_" + re.sub(r"\W", "_", label): value
            for label, value in workload["spec"]["template"]["metadata"]["labels"].items()
        }
        found = re.fullmatch(relabelling["regex"], meta[source])
        assert found, workload["metadata"]["name"]
        jobs.add(relabelling["replacement"].replace("$1", found[1]))
    scraped = yaml.safe_load((ROOT / "deploy/monitoring/prometheus.yml").read_text(encoding="utf-8"))
    assert jobs == {one["job_name"] for one in scraped["scrape_configs"]}
