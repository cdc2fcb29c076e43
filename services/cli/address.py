"""Where the commands find a router that `frontdesk serve` runs on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from frontdesk.client import Endpoint, NoAnswer, Refused, Tls
from services.runtime.settings import Reader

GRPC_PORT_DEFAULT = 50051
EXAMPLE_DESK = "acme"
DEFAULT_HELP = f"(default: 127.0.0.1, port FRONTDESK_GRPC_PORT, else {GRPC_PORT_DEFAULT})"


def grpc_address(env: Mapping[str, str]) -> str:
    """The address that the same environment makes `frontdesk serve` listen at; raises SettingsError.

    Port 0 lets the system choose a port, which only the log of `serve` tells; then the default is as good as any.
    """
    reader = Reader(env)
    port = reader.integer("FRONTDESK_GRPC_PORT", default=GRPC_PORT_DEFAULT, low=0, high=65_535)
    reader.done()
    return f"127.0.0.1:{port or GRPC_PORT_DEFAULT}"


def health_address(env: Mapping[str, str]) -> str:
    """Where that process answers about its health: the plaintext port where it has one, else its gRPC port."""
    reader = Reader(env)
    port = reader.integer("FRONTDESK_GRPC_HEALTH_PORT", default=0, low=0, high=65_535)
    reader.done()
    return f"127.0.0.1:{port}" if port else grpc_address(env)


def _targets(text: str) -> str:
    """An argument that names one replica at least; raises ArgumentTypeError."""
    if not Endpoint(text).listed:
        raise argparse.ArgumentTypeError("no address in it; write HOST:PORT, several with commas between")
    return text


def add_desk(parser: argparse.ArgumentParser, env: Mapping[str, str]) -> None:
    """The option that names a desk: that of the environment's accounts, else the one of the examples."""
    usual = env.get("FRONTDESK_DEFAULT_DESK") or EXAMPLE_DESK
    parser.add_argument("--desk", default=usual, help="desk (default: FRONTDESK_DEFAULT_DESK, else acme)")


def add_endpoint(parser: argparse.ArgumentParser, *, service: str = "the router") -> None:
    """The options that name the service's replicas, and how to speak TLS with them."""
    parser.add_argument(
        "--address",
        type=_targets,
        help=f"gRPC address of {service} {DEFAULT_HELP}; several with commas, or dns:///NAME:PORT",
    )
    tls = parser.add_argument_group("TLS", f"where {service} has FRONTDESK_GRPC_TLS_CERT_FILE")
    tls.add_argument("--tls", action="store_true", help="speak TLS, by the system's authorities")
    tls.add_argument("--tls-ca", type=Path, metavar="FILE", help="speak TLS, by these authorities (PEM)")
    tls.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate of yours, for mutual TLS")
    tls.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key")


def endpoint_of(options: argparse.Namespace, env: Mapping[str, str]) -> Endpoint:
    """What the options say, else the service of this machine; raises SettingsError."""
    secure = options.tls or options.tls_ca or options.tls_cert
    tls = Tls(options.tls_ca, options.tls_cert, options.tls_key) if secure else None
    return Endpoint(options.address or grpc_address(env), tls)


def nobody(endpoint: Endpoint, error: Exception, service: str = "router") -> str:
    """What to do when none answers; one that said why it cannot yet (CATCHING_UP) is quoted, and a file of TLS named."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename} cannot be read ({type(error).__name__})"
    last = error.last if isinstance(error, NoAnswer) else None
    if isinstance(last, Refused) and last.reason:
        return f"{service} at {endpoint} cannot answer yet: {last.message} ({last.reason})"
    tls = "by TLS" if endpoint.tls else "without TLS"
    return f"no {service} answers at {endpoint} {tls}; is `frontdesk serve` running there?"
