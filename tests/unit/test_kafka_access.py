"""What a process is told of Kafka's security: every fault is found before anything connects."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import SettingsError

AT = "kafka:9093"
NAME = "FRONTDESK_KAFKA_{}".format


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(folder / "ca.crt")
    issued.cert_chain_pems[0].write_to_path(folder / "user.crt")
    issued.private_key_pem.write_to_path(folder / "user.key")
    return {
        NAME("CA_FILE"): str(folder / "ca.crt"),
        NAME("CERT_FILE"): str(folder / "user.crt"),
        NAME("KEY_FILE"): str(folder / "user.key"),
    }


def faults(settings: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as raised:
        KafkaAccess.from_env(settings, AT)
    return str(raised.value)


def test_nothing_set_means_a_broker_that_asks_for_nothing() -> None:
    assert KafkaAccess.from_env({}, AT).for_aiokafka() == {"bootstrap_servers": AT}


def test_as_text_it_is_the_addresses_alone(files: dict[str, str]) -> None:
    settings = files | {
        NAME("SECURITY_PROTOCOL"): "SASL_SSL",
        NAME("USER"): "u",
        NAME("PASSWORD"): "hidden-word",
    }
    access = KafkaAccess.from_env(settings, AT)
    assert str(access) == AT
    assert "hidden-word" not in repr(access)


def test_a_client_gets_the_password_itself_and_not_its_mask(files: dict[str, str]) -> None:
    settings = files | {NAME("SECURITY_PROTOCOL"): "SASL_SSL", NAME("USER"): "u", NAME("PASSWORD"): "word"}
    security = KafkaAccess.from_env(settings, AT).for_kafka_python()
    assert f"{security['sasl_plain_password']}" == "word"
    assert security["sasl_mechanism"] == "SCRAM-SHA-512"


def test_a_certificate_without_its_key_is_a_fault(files: dict[str, str]) -> None:
    del (settings := dict(files) | {NAME("SECURITY_PROTOCOL"): "SSL"})[NAME("KEY_FILE")]
    assert "belong together" in faults(settings)


def test_a_key_of_another_pair_is_a_fault(files: dict[str, str], tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(other)
    said = faults(files | {NAME("SECURITY_PROTOCOL"): "SSL", NAME("KEY_FILE"): str(other)})
    assert "FRONTDESK_KAFKA_KEY_FILE" in said


def test_files_that_are_missing_are_faults_and_all_are_told_at_once(tmp_path: Path) -> None:
    settings = {
        NAME("SECURITY_PROTOCOL"): "SASL_SSL",
        NAME("CA_FILE"): str(tmp_path / "no-ca"),
        NAME("CERT_FILE"): str(tmp_path / "no-cert"),
        NAME("KEY_FILE"): str(tmp_path / "no-key"),
    }
    said = faults(settings)
    for name in ("CA_FILE", "CERT_FILE", "USER"):
        assert NAME(name) in said


def test_a_password_without_encryption_is_refused() -> None:
    assert "uses none of it" in faults({NAME("USER"): "u", NAME("PASSWORD"): "word"})
    assert "must be one of PLAINTEXT, SSL, SASL_SSL" in faults({NAME("SECURITY_PROTOCOL"): "SASL_PLAINTEXT"})


def test_a_password_with_mtls_alone_is_a_fault(files: dict[str, str]) -> None:
    settings = files | {NAME("SECURITY_PROTOCOL"): "SSL", NAME("USER"): "u", NAME("PASSWORD"): "word"}
    assert "need FRONTDESK_KAFKA_SECURITY_PROTOCOL=SASL_SSL" in faults(settings)
