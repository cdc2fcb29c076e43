"""Two identities were said to be one customer's, or that was taken back (channels.md 4, "Links, not merges").

The last word by the source's clock counts, in whatever order the facts come; what an agent took back stays so until
an agent says otherwise, however often a provider repeats itself.
"""

from __future__ import annotations

from services.contract.decisions import IdentitiesLinked, IdentitiesUnlinked, IdentityKey
from services.contract.facts import CustomerRef, IdentityLinked, IdentityUnlinked, LinkStrength
from services.router.decide.owned import known_agent
from services.router.decide.refusal import Malformed, Refuse
from services.router.decide.step import Step
from services.router.decide.words import checked_ids, word
from services.router.identity import Link, refusal

AGENT_STATEMENT = "agent"
"""What a link says of itself that an agent decided; only another decision of an agent ends it."""
_WHY = {
    "withheld": "an identity that is withheld is nobody's in particular",
    "same_identity": "both sides are one identity already",
    "different_verified": "both sides hold different verified identities of one type: two customers",
    "too_many": "one side has so many identities that many people must share it",
    "taken_back": "this link was taken back; an agent can link the customers of two contacts",
}


def linked(step: Step, body: IdentityLinked) -> None:
    """The link stands, or is refused with a reason; saying it again changes nothing."""
    if not body.link_id:
        raise Malformed("identity_linked: link_id is required")
    one, other = _identity(body.one), _identity(body.other)
    checked_ids("identity_linked", link_id=body.link_id, one=one.key, other=other.key)
    strong = body.strength is LinkStrength.STRONG
    link = Link(
        body.link_id,
        one,
        other,
        LinkStrength.STRONG if strong else LinkStrength.WEAK,
        word(body.statement),
        step.occurred_ms,
    )
    links = step.desk.links
    known = links.by_id.get(body.link_id)
    if known is not None and (known.strong or not strong):
        step.accept(body.link_id)
        return
    ended = None if link.statement == AGENT_STATEMENT else links.ended_link(body.link_id)
    if ended is not None and (ended.by_agent or link.said_at_ms <= ended.ended_at_ms):
        raise Refuse("taken_back", _WHY["taken_back"])
    reason = refusal(links, link)
    if reason:
        raise Refuse(reason, _WHY[reason])
    step.emit(
        IdentitiesLinked(
            link_id=link.link_id,
            one=one,
            other=other,
            strength=link.strength,
            statement=link.statement,
            occurred_at_ms=link.said_at_ms,
        )
    )
    step.accept(body.link_id)


def unlinked(step: Step, body: IdentityUnlinked) -> None:
    """The link ends; one that is said only later, of an earlier moment, does not begin."""
    if not body.link_id:
        raise Malformed("identity_unlinked: link_id is required")
    checked_ids("identity_unlinked", link_id=body.link_id)
    link = step.desk.links.by_id.get(body.link_id)
    if body.agent_id:
        known_agent(step, body.agent_id)
        if link is None:
            raise Refuse("unknown", "no such link stands at this desk")
    at_ms = step.occurred_ms
    ended = step.desk.links.ended_link(body.link_id)
    stale = link.said_at_ms > at_ms if link is not None else ended is not None and ended.ended_at_ms >= at_ms
    if body.agent_id or not stale:
        step.emit(IdentitiesUnlinked(link_id=body.link_id, agent_id=body.agent_id, occurred_at_ms=at_ms))
    step.accept(body.link_id)


def _identity(customer: CustomerRef | None) -> IdentityKey:
    """The identity as decisions know it."""
    if customer is None:
        return IdentityKey()
    return IdentityKey(type=word(customer.type), key=customer.key, verified=customer.verified)
