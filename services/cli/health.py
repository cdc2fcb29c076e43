"""frontdesk health: asks a running process how it is, for container health checks and scripts."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.cli.address import health_address

EXAMPLES = """examples:
  frontdesk health                       0 once the process on this machine is ready
  frontdesk health --of liveness         0 as long as its event loop runs, whatever Kafka does
  frontdesk health --address HOST:PORT
"""


def main(argv: Sequence[str]) -> int:
    """0 when it serves, 1 when it does not or nobody answers."""
    parser = argparse.ArgumentParser(
        prog="frontdesk health",
        description="Asks a running process by gRPC (grpc.health.v1) how it is.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--of", default="readiness", choices=("readiness", "liveness"), help="what is asked")
    parser.add_argument(
        "--address", help="its address (default: this machine, FRONTDESK_GRPC_HEALTH_PORT, else _GRPC_PORT)"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="longest wait for the answer")
    options = parser.parse_args(argv)
    address = options.address or health_address(os.environ)
    try:
        with grpc.insecure_channel(address) as channel:
            ask = health_pb2_grpc.HealthStub(channel).Check
            answer = ask(health_pb2.HealthCheckRequest(service=options.of), timeout=options.seconds)
    except grpc.RpcError as error:
        sys.stderr.write(
            f"frontdesk health: {address} does not answer without TLS ({error.code().name}); beside TLS, health has "
            "a port of its own (FRONTDESK_GRPC_HEALTH_PORT)\n"
        )
        return 1
    serving = answer.status == health_pb2.HealthCheckResponse.SERVING
    sys.stdout.write(f"{options.of}: {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)}\n")
    return 0 if serving else 1
