"""Bounds of a gRPC server from the environment, and its certificate files, checked before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from services.runtime.rpc_settings import RpcSettings
from services.runtime.settings import Reader, SettingsError

TLS = "FRONTDESK_GRPC_TLS_"


def read(**env: str) -> RpcSettings:
    reader = Reader({f"FRONTDESK_GRPC_{name}": value for name, value in env.items()})
    settings = RpcSettings.read(reader)
    reader.done()
    return settings


def test_nothing_said_is_plaintext_with_the_usual_bounds() -> None:
    assert read() == RpcSettings()


def test_every_bound_can_be_set_and_reaches_grpc() -> None:
    settings = read(
        MESSAGE_BYTES_MAX="70000",
        CALLS_MAX="5",
        STREAMS_MAX="6",
        KEEPALIVE_SECONDS="7",
        KEEPALIVE_TIMEOUT_SECONDS="8",
        PING_SECONDS_MIN="9",
        CONNECTION_AGE_SECONDS_MAX="10",
        CONNECTION_AGE_GRACE_SECONDS="11",
        DRAIN_SECONDS="0.5",
        GRACE_SECONDS="12",
        HEALTH_PORT="0",
    )
    options = dict(settings.options())
    assert (settings.calls_max, settings.drain_seconds, settings.grace_seconds, settings.health_port) == (
        *(5, 0.5, 12),
        0,
    )
    assert options["grpc.max_receive_message_length"] == 70_000
    assert options["grpc.max_concurrent_streams"] == 6
    assert options["grpc.keepalive_time_ms"] == 7_000
    assert options["grpc.keepalive_timeout_ms"] == 8_000
    assert options["grpc.http2.min_ping_interval_without_data_ms"] == 9_000
    assert options["grpc.max_connection_age_ms"] == 10_000
    assert options["grpc.max_connection_age_grace_ms"] == 11_000


def test_certificate_files_are_read_and_proven_to_fit(tmp_path: Path) -> None:
    one, other = trustme.CA().issue_cert("localhost"), trustme.CA().issue_cert("localhost")
    one.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    one.private_key_pem.write_to_path(tmp_path / "tls.key")
    other.private_key_pem.write_to_path(tmp_path / "other.key")
    good = {"TLS_CERT_FILE": str(tmp_path / "tls.crt"), "TLS_KEY_FILE": str(tmp_path / "tls.key")}
    tls = read(**good).tls
    assert tls is not None and tls.client_ca is None
    for wrong, word in (
        ({**good, "TLS_KEY_FILE": str(tmp_path / "other.key")}, "KEY_VALUES_MISMATCH"),
        ({**good, "TLS_KEY_FILE": str(tmp_path / "none.key")}, "No such file"),
        ({**good, "TLS_CLIENT_CA_FILE": str(tmp_path / "tls.key")}, "cannot be used"),
        ({"TLS_CERT_FILE": good["TLS_CERT_FILE"]}, "give both"),
        ({"TLS_CLIENT_CA_FILE": good["TLS_CERT_FILE"]}, "needs a certificate of the server"),
    ):
        with pytest.raises(SettingsError, match=word):
            read(**wrong)
