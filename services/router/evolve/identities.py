"""Links between identities come and go; contacts and cases keep the identity that they came with."""

# ruff: noqa: ARG001 - every event is evolved by a function of one signature

from __future__ import annotations

from services.contract.decisions import IdentitiesLinked, IdentitiesUnlinked
from services.router.evolve.errors import CorruptLog
from services.router.identity import Link, with_link, without_link
from services.router.model import DeskState, changed


def linked(desk: DeskState, event: IdentitiesLinked, at_ms: int) -> DeskState:
    if event.one is None or event.other is None or not event.link_id:
        raise CorruptLog(f"link {event.link_id} without two identities")
    link = Link(event.link_id, event.one, event.other, event.strength, event.statement, event.occurred_at_ms)
    return changed(desk, links=with_link(desk.links, link))


def unlinked(desk: DeskState, event: IdentitiesUnlinked, at_ms: int) -> DeskState:
    ended_at_ms, by_agent = event.occurred_at_ms, bool(event.agent_id)
    links = without_link(desk.links, event.link_id, ended_at_ms=ended_at_ms, by_agent=by_agent)
    return changed(desk, links=links)
