"""Where the commands find a router that `frontdesk serve` runs on this machine."""

from __future__ import annotations

from collections.abc import Mapping

from services.runtime.settings import Reader

GRPC_PORT_DEFAULT = 50051
ADDRESS_HELP = (
    f"the router's gRPC address (default: 127.0.0.1, port FRONTDESK_GRPC_PORT, else {GRPC_PORT_DEFAULT})"
)


def grpc_address(env: Mapping[str, str]) -> str:
    """The address that the same environment makes `frontdesk serve` listen at; raises SettingsError.

    Port 0 lets the system choose a port, which only the log of `serve` tells; then the default is as good as any.
    """
    reader = Reader(env)
    port = reader.integer("FRONTDESK_GRPC_PORT", default=GRPC_PORT_DEFAULT, low=0, high=65_535)
    reader.done()
    return f"127.0.0.1:{port or GRPC_PORT_DEFAULT}"
