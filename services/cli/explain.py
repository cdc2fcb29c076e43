"""frontdesk explain: every decision about a contact, in plain words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import grpc

from frontdesk.v1 import router_pb2, router_pb2_grpc


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
    parser.add_argument("--address", default="127.0.0.1:50051", help="the router's gRPC address")
    options = parser.parse_args(argv)
    request = router_pb2.ExplainDecisionRequest(desk_id=options.desk, contact_id=options.contact_id)
    with grpc.insecure_channel(options.address) as channel:
        stub = router_pb2_grpc.RouterServiceStub(channel)  # type: ignore[no-untyped-call] # generated
        try:
            response = stub.ExplainDecision(request, timeout=30)
        except grpc.RpcError as error:
            sys.stderr.write(f"frontdesk explain: {_words(error, options.address)}\n")
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
    """The explanation as text, one step a line, candidates indented below."""
    text = []
    for step in response.steps:
        text.append(f"{step.decided_at.ToJsonString()}  {step.summary}")
        if step.HasField("explanation"):
            text += [_candidate(candidate) for candidate in step.explanation.candidates]
            text += [f"      not weighed: {e.agents} ({e.rule})" for e in step.explanation.exclusions]
            text += [f"      relaxed: {rule}" for rule in step.explanation.relaxations]
    return text


def _candidate(candidate: object) -> str:
    terms = "  ".join(f"{term.name} {term.value:.1f}" for term in candidate.terms)  # type: ignore[attr-defined] # Candidate
    return (
        f"      {candidate.agent_id}: {candidate.score:.1f} customer-seconds = {terms}"  # type: ignore[attr-defined] # Candidate
        f"  (resolves {candidate.resolves:.2f}, authority {candidate.authority_covers:.2f})"  # type: ignore[attr-defined] # Candidate
    )
