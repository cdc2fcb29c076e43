"""What a real API server has taken is written down, and it is asked again once something changes."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from scripts import (
    apiserver,
    apply_manifests,
    choices,
    conformity,
    go_programs,
    manifests,
    proven,
)
from scripts.apiserver import Server
from scripts.fetching import CannotFetch

PLAIN = "tests/plain"
Resource = dict[str, Any]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "proven.json"
    proven.write(path)
    return path


def test_what_is_rendered_was_taken_by_a_real_api_server() -> None:
    """`.ci/run` proves it anew before the tests."""
    hint = proven.hint()
    if hint is not None and os.environ.get("CI") == "true":
        pytest.fail(hint, pytrace=False)
    if hint is not None:
        pytest.skip(hint)


def test_nothing_is_asked_again_while_nothing_has_changed(written: Path) -> None:
    assert proven.changes(written) == []
    assert proven.hint(written) is None


def test_who_meets_a_stale_proof_is_told_what_to_do(written: Path) -> None:
    written.write_text(json.dumps(proven.read(written) | {"prod": "other"}), encoding="utf-8")
    hint = proven.hint(written) or ""
    assert "run `make k8s-apiserver` and commit it (prod has changed since it was proven)" in hint


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("prod", "other", "prod has changed since it was proven"),
        ("server", "v1.35.0 other", "server has changed since it was proven"),
        ("definitions", "other", "definitions has changed since it was proven"),
        ("tests/left", "any", "tests/left was proven and is gone"),
        ("dev", None, "dev was never proven"),
    ],
)
def test_each_change_is_told_by_name(written: Path, key: str, value: str | None, told: str) -> None:
    proof = proven.read(written)
    proof = {name: one for name, one in proof.items() if name != key} | ({key: value} if value else {})
    written.write_text(json.dumps(proof), encoding="utf-8")
    assert proven.changes(written) == [told]


def test_without_a_proof_everything_is_asked(tmp_path: Path) -> None:
    assert len(proven.changes(tmp_path / "none.json")) == len(manifests.combinations()) + 2


def test_the_digest_is_of_what_is_said_and_not_of_how_it_is_written() -> None:
    assert proven.digest("a: 1\nb: [x]\n") == proven.digest("# why\nb:\n- x\na: 1\n---\n")
    assert proven.digest("a: 1\n") != proven.digest("a: 2\n")


class OtherServer:
    """A server that answers as kubectl would print it; what it makes of an apply and of a pod is given."""

    def __init__(self, take: Callable[[Resource, int], Resource], admit: Callable[[Resource], str]) -> None:
        self.take, self.admit, self.applies = take, admit, 0

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        resources = [one for one in yaml.safe_load_all(given or "") if one]
        if arguments[0] == "apply":
            self.applies += 1
            items = [self.take(copy.deepcopy(one), self.applies) for one in resources]
            for one in items:
                one["metadata"]["resourceVersion"] = str(self.applies)
            return json.dumps({"items": items})
        if arguments[0] == "create":
            (pod,) = resources
            if refusal := self.admit(pod):
                raise CannotFetch(refusal)
        return ""


def as_given(resource: Resource, _: int) -> Resource:
    return resource


def restricted(pod: Resource) -> str:
    rights = pod["spec"]["containers"][0]["securityContext"]
    return (
        'pods "x" is forbidden: violates PodSecurity "restricted:latest"' if rights.get("privileged") else ""
    )


def row(server: OtherServer) -> apply_manifests.Row:
    rendered = manifests.rendered(manifests.combinations()[PLAIN])
    return apply_manifests.check(cast(Server, server), PLAIN, rendered)


def test_a_rendering_that_is_taken_twice_alike_has_no_fault() -> None:
    found = row(OtherServer(as_given, restricted))
    assert (found.faults, found.changed, found.admitted, found.refused) == ([], 0, 3, 3)
    assert found.resources == 17


def test_what_the_second_apply_changes_is_a_fault() -> None:
    def counted(resource: Resource, applies: int) -> Resource:
        if resource["kind"] == "Deployment":
            resource["metadata"]["generation"] = applies
        return resource

    found = row(OtherServer(counted, restricted))
    assert (found.faults, found.changed) == (["the second apply changed Deployment frontdesk-intake"], 1)


def test_a_server_that_admits_privileged_pods_is_a_fault_of_each_workload() -> None:
    found = row(OtherServer(as_given, lambda pod: ""))
    assert len(found.faults) == 3
    assert all("a privileged pod was admitted" in fault for fault in found.faults)


def test_a_pod_that_is_refused_for_what_it_is_not_asking_for_is_a_fault() -> None:
    def without_privileges(pod: Resource) -> str:
        return "disallowed by cluster policy" if "privileged" in str(pod) else ""

    found = row(OtherServer(as_given, without_privileges))
    assert [fault for fault in found.faults if "refused for another reason" in fault] == found.faults != []


class RefusingServer(OtherServer):
    """Takes no apply; `deleted` are the names that were taken away."""

    def __init__(self) -> None:
        super().__init__(as_given, restricted)
        self.deleted: list[str] = []

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        if arguments[0] == "apply":
            raise CannotFetch("kubectl apply failed")
        if arguments[0] == "delete":
            assert "--ignore-not-found" in arguments
            self.deleted += [one["metadata"]["name"] for one in yaml.safe_load_all(given or "")]
        return super().kubectl(*arguments, given=given)


def test_what_a_fault_left_on_the_server_is_taken_away_before_the_next_rendering() -> None:
    server = RefusingServer()
    assert row(server).faults == ["kubectl apply failed"]
    assert len(server.deleted) == 17 - 1  # all but the namespace


def test_what_the_guides_commands_left_on_the_server_is_taken_away_too() -> None:
    server = RefusingServer()
    rendered = manifests.rendered(manifests.combinations()["prod"])
    assert apply_manifests.follow_the_guide(cast(Server, server), rendered) == ["kubectl apply failed"]
    assert "frontdesk-router" in server.deleted


def test_a_kubectl_that_does_not_end_is_told_as_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(apiserver, "KUBECTL_SECONDS_MAX", 0.2)
    server = Server("https://127.0.0.1:1", "token", tmp_path, program)
    with pytest.raises(CannotFetch, match=r"kubectl get pods took more than 0\.2 s"):
        server.kubectl("get", "pods")


def test_a_build_that_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler, outlived = tmp_path / "go", tmp_path / "outlived"
    compiler.write_text(f"#!/bin/sh\n(sleep 20; touch {outlived}) &\nwait\n", encoding="utf-8")
    compiler.chmod(0o755)
    monkeypatch.setattr(go_programs, "compiler", lambda: compiler)
    monkeypatch.setattr(go_programs, "PLACE", tmp_path / "place")
    with pytest.raises(CannotFetch, match="building x failed"):
        go_programs.built("x", "module/x", seconds_max=0.5)
    assert not outlived.exists()  # a child that lives on holds the pipe until its own end


def test_older_compilers_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in (("old/go", "go1.19.8"), ("new/lib/python3.11/site-packages/go/bin/go", "go1.27.3")):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\necho {said}\n", encoding="utf-8")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'old'}:{os.environ['PATH']}")
    monkeypatch.setattr(go_programs, "environment_of", lambda name: tmp_path / "new")
    find = go_programs.compiler.__wrapped__
    assert find() == tmp_path / "new/lib/python3.11/site-packages/go/bin/go"
    (tmp_path / "old/go").write_text("#!/bin/sh\necho go1.26.8\n", encoding="utf-8")
    assert find() == tmp_path / "old/go"


@pytest.mark.parametrize(
    ("said", "attempts"), [('Get "module": net/http: TLS handshake timeout', 4), ("undefined: x", 1)]
)
def test_a_build_is_tried_again_where_a_download_broke_off_and_nowhere_else(
    said: str, attempts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = tmp_path / "tries"
    compiler = tmp_path / "go"
    compiler.write_text(f"#!/bin/sh\necho x >> {tries}\necho '{said}'\nexit 1\n", encoding="utf-8")
    compiler.chmod(0o755)
    monkeypatch.setattr(go_programs, "compiler", lambda: compiler)
    monkeypatch.setattr(go_programs, "PLACE", tmp_path / "place")
    with pytest.raises(CannotFetch, match="building x failed"):
        go_programs.built("x", "module/x")
    assert len(tries.read_text(encoding="utf-8").splitlines()) == attempts


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("  replicas: 2\n  replicas: 2", 'key "replicas" already set'),
        ("  replicas: many", "replicas"),
        ("  replica: 2", "replica"),
    ],
)
def test_kubeconform_finds_what_is_wrong_with_a_core_resource(wrong: str, told: str, crds: Path) -> None:
    good = manifests.rendered(manifests.combinations()[PLAIN])
    assert "  replicas: 2\n" in good
    given = {"good": good, "bad": good.replace("  replicas: 2", wrong, 1)}
    found = conformity.faults(given, ["1.36"], manifests.definitions(crds))
    assert found
    assert all(fault.startswith("bad: ") and told in fault for fault in found)


def test_kubeconform_finds_an_unknown_key_of_a_custom_resource(crds: Path) -> None:
    good = manifests.rendered(manifests.combinations()["tests/gateway"])
    bad = good.replace("gatewayClassName:", "gatewayClass:")
    (found,) = conformity.faults({"bad": bad}, ["1.35"], manifests.definitions(crds))
    assert "Gateway frontdesk" in found


def test_the_server_is_of_a_version_whose_schemas_are_checked() -> None:
    assert ".".join(apiserver.version().removeprefix("v").split(".")[:2]) in manifests.VERSIONS


def test_every_component_is_among_the_choices_or_apart_because_it_changes_no_other() -> None:
    found = {path.parent.name: path for path in manifests.K8S.glob("components/*/kustomization.yaml")}
    assert found.keys() == {*choices.ORDER, *choices.APART}
    for name in choices.APART:
        assert yaml.safe_load(found[name].read_text(encoding="utf-8")).keys() == {
            "apiVersion",
            "kind",
            "resources",
        }
    listed = yaml.safe_load((manifests.K8S / "overlays/prod/kustomization.yaml").read_text(encoding="utf-8"))
    order = [Path(one).name for one in listed["components"] if Path(one).name not in choices.APART]
    assert order == [one for one in choices.ORDER if one in order]
    assert (
        len(set(choices.choices())) == 2**6 + 2**4
    )  # without gateway-grpc; with it and the two that it needs
