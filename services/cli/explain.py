"""frontdesk explain: every decision about a contact, in plain words."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import grpc

from frontdesk.v1 import router_pb2, router_pb2_grpc
from services.cli.address import ADDRESS_HELP, grpc_address
from services.contract.codec import from_message
from services.contract.decisions import Candidate, Explanation
from services.router.weighed import figures, terms


def main(argv: Sequence[str]) -> int:
    """Prints the steps; 1 when the contact is unknown or the router away."""
    parser = argparse.ArgumentParser(
        prog="frontdesk explain",
        description="Why a contact went where it went: each decision with what was weighed.",
        epilog="example:\n  frontdesk explain 2c1e... --desk acme --address 127.0.0.1:50051",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("contact_id", help="the contact's id")
    parser.add_argument("--desk", default="acme", help="desk (default: acme)")
    parser.add_argument("--address", help=ADDRESS_HELP)
    options = parser.parse_args(argv)
    address = options.address or grpc_address(os.environ)
    request = router_pb2.ExplainDecisionRequest(desk_id=options.desk, contact_id=options.contact_id)
    with grpc.insecure_channel(address) as channel:
        stub = router_pb2_grpc.RouterServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        try:
            response = stub.ExplainDecision(request, timeout=30)
        except grpc.RpcError as error:
            sys.stderr.write(f"frontdesk explain: {_words(error, address)}\n")
            return 1
    for line in lines(response):
        sys.stdout.write(line + "\n")
    return 0


def _words(error: grpc.RpcError, address: str) -> str:
    """What to do about it."""
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        return f"no router answers at {address}; is `frontdesk serve` running?"
    if error.code() == grpc.StatusCode.NOT_FOUND:
        return f"{error.details()} (give the whole id: the agent's card shows it, and intake's log line of the delivery)"
    return str(error.details())


def lines(response: router_pb2.ExplainDecisionResponse) -> list[str]:
    """The explanation as text, one step a line, what was weighed indented below."""
    text = []
    for step in response.steps:
        text.append(f"{step.decided_at.ToJsonString()}  {step.summary}")
        if step.HasField("explanation"):
            weighed = from_message(step.explanation, Explanation)
            text += [_candidate(candidate) for candidate in weighed.candidates]
            text += [f"      {line}" for line in figures(weighed)]
    return text


def _candidate(candidate: Candidate) -> str:
    when = f", free in about {candidate.free_in_seconds:.0f} s" if candidate.busy else ""
    return (
        f"      {candidate.agent_id}: {terms(candidate)} customer-seconds"
        f"  (resolves {candidate.resolves:.2f}, authority {candidate.authority_covers:.2f}{when})"
    )
