"""Bounds of a gRPC server, each with its unit, and the certificate files of its TLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.runtime.rpc_tls import TlsFiles, fault_of
from services.runtime.settings import Reader


@dataclass(frozen=True)
class RpcSettings:
    """What a server admits, and how it stops."""

    message_bytes_max: int = 4 * 1024 * 1024
    """Longest message of a caller."""
    calls_max: int = 20_000
    """Calls at once, sessions among them; then RESOURCE_EXHAUSTED with a time to come back."""
    streams_max: int = 10_000
    """Calls at once on one connection; a client library opens another connection or waits."""
    keepalive_seconds: int = 30
    """Silence after which the server asks whether a peer is still there."""
    keepalive_timeout_seconds: int = 10
    """A peer that does not answer that for so long is gone, and so are its sessions."""
    ping_seconds_min: int = 10
    """Least time between a client's own pings; who pings more often is sent away (too_many_pings)."""
    connection_age_seconds_max: int = 3_600
    """A connection is asked to end after that (a tenth more or less), so that callers spread over new replicas."""
    connection_age_grace_seconds: int = 30
    """Then calls on it have that long; sessions resume elsewhere."""
    drain_seconds: float = 0.0
    """At a stop, time between "not serving" and the end of listening: for balancers to see it."""
    grace_seconds: float = 2.0
    """Then calls under way have that long."""
    tls: TlsFiles | None = None
    health_port: int | None = None
    """Port of plaintext health; None opens none."""

    @classmethod
    def read(cls, reader: Reader) -> RpcSettings:
        """Reads FRONTDESK_GRPC_...; faults go to the reader."""
        usual = cls()
        tls = _tls(reader)
        return cls(
            message_bytes_max=reader.integer(
                "FRONTDESK_GRPC_MESSAGE_BYTES_MAX",
                default=usual.message_bytes_max,
                low=65_536,
                high=64 * 1024 * 1024,
            ),
            calls_max=reader.integer(
                "FRONTDESK_GRPC_CALLS_MAX", default=usual.calls_max, low=1, high=1_000_000
            ),
            streams_max=reader.integer(
                "FRONTDESK_GRPC_STREAMS_MAX", default=usual.streams_max, low=1, high=1_000_000
            ),
            keepalive_seconds=reader.integer(
                "FRONTDESK_GRPC_KEEPALIVE_SECONDS", default=usual.keepalive_seconds, low=1, high=7_200
            ),
            keepalive_timeout_seconds=reader.integer(
                "FRONTDESK_GRPC_KEEPALIVE_TIMEOUT_SECONDS",
                default=usual.keepalive_timeout_seconds,
                low=1,
                high=600,
            ),
            ping_seconds_min=reader.integer(
                "FRONTDESK_GRPC_PING_SECONDS_MIN", default=usual.ping_seconds_min, low=1, high=7_200
            ),
            connection_age_seconds_max=reader.integer(
                "FRONTDESK_GRPC_CONNECTION_AGE_SECONDS_MAX",
                default=usual.connection_age_seconds_max,
                low=1,
                high=7 * 86_400,
            ),
            connection_age_grace_seconds=reader.integer(
                "FRONTDESK_GRPC_CONNECTION_AGE_GRACE_SECONDS",
                default=usual.connection_age_grace_seconds,
                low=1,
                high=86_400,
            ),
            drain_seconds=reader.number(
                "FRONTDESK_GRPC_DRAIN_SECONDS", default=usual.drain_seconds, low=0, high=300
            ),
            grace_seconds=reader.number(
                "FRONTDESK_GRPC_GRACE_SECONDS", default=usual.grace_seconds, low=0, high=300
            ),
            tls=tls,
            health_port=_health_port(reader),
        )

    def options(self) -> list[tuple[str, int]]:
        """As gRPC takes them."""
        return [
            ("grpc.max_receive_message_length", self.message_bytes_max),
            ("grpc.max_concurrent_streams", self.streams_max),
            ("grpc.keepalive_time_ms", self.keepalive_seconds * 1000),
            ("grpc.keepalive_timeout_ms", self.keepalive_timeout_seconds * 1000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_ping_interval_without_data_ms", self.ping_seconds_min * 1000),
            ("grpc.max_connection_age_ms", self.connection_age_seconds_max * 1000),
            ("grpc.max_connection_age_grace_ms", self.connection_age_grace_seconds * 1000),
            ("grpc.so_reuseport", 0),
        ]


def _tls(reader: Reader) -> TlsFiles | None:
    certificate = reader.text("FRONTDESK_GRPC_TLS_CERT_FILE", default="")
    key = reader.text("FRONTDESK_GRPC_TLS_KEY_FILE", default="")
    client_ca = reader.text("FRONTDESK_GRPC_TLS_CLIENT_CA_FILE", default="")
    if not certificate and not key:
        if client_ca:
            reader.fault("FRONTDESK_GRPC_TLS_CLIENT_CA_FILE needs a certificate of the server, too")
        return None
    if not certificate or not key:
        reader.fault(
            "FRONTDESK_GRPC_TLS_CERT_FILE and FRONTDESK_GRPC_TLS_KEY_FILE are for each other: give both"
        )
        return None
    files = TlsFiles(Path(certificate), Path(key), Path(client_ca) if client_ca else None)
    fault = fault_of(files)
    if fault:
        reader.fault(f"FRONTDESK_GRPC_TLS_CERT_FILE, _KEY_FILE or _CLIENT_CA_FILE cannot be used ({fault})")
        return None
    return files


def _health_port(reader: Reader) -> int | None:
    """None when the setting is absent; an empty one is absent, too."""
    if not reader.text("FRONTDESK_GRPC_HEALTH_PORT", default=""):
        return None
    return reader.integer("FRONTDESK_GRPC_HEALTH_PORT", default=0, low=0, high=65_535)
