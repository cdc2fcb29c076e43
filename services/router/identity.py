"""Links between identities: which keyed hashes are one customer's, as far as it is known (channels.md 4).

Identities are never merged. A *link* says that two belong together; strong ones make groups, weak ones are shown to
whoever has a contact. A group is a connected component over the strong links, kept for each of its keys, so that an
arrival finds its customer's histories by one look-up; taking a link back computes the groups of both ends anew.

No group holds two different verified identities of one type, and none grows beyond a bound: what would break that is
refused when it is said, so groups do not depend on anything but the links that stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import immutables

from services.contract.decisions import IdentityKey
from services.contract.facts import LinkStrength

Map = immutables.Map
GROUP_MAX = 50
"""Identities in one group; who has more is an address that many share."""
LINKS_PER_IDENTITY_MAX = 100
LINKS_PER_DESK_MAX = 200_000
"""At 870 bytes each, 174 MB."""
MARKS = 2**64
ENDED_MAX = 1_024
"""Links of a desk remembered as taken back, the newest."""
SUCCESSIONS = frozenset({"number_changed"})
"""Statements by which one identity takes the place of another: both were verified, each in its time."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link as it stands; `said_at_ms` is the source's clock."""

    link_id: str
    one: IdentityKey
    other: IdentityKey
    strength: LinkStrength
    statement: str
    said_at_ms: int = 0

    @property
    def strong(self) -> bool:
        return self.strength is LinkStrength.STRONG

    def far_end(self, key: str) -> IdentityKey:
        """The identity that it links to this one."""
        return self.other if self.one.key == key else self.one


@dataclass(frozen=True, slots=True)
class EndedLink:
    """A link that was taken back; said anew before that moment, or ended by an agent, it stays so."""

    link_id: str
    ended_at_ms: int
    by_agent: bool


@dataclass(frozen=True)
class Links:
    """All links of a desk; a value, never changed in place. A sum of hashes stands for the links in digests."""

    by_id: Map[str, Link] = field(default_factory=Map, metadata={"derived": True})
    of_key: Map[str, tuple[str, ...]] = field(default_factory=Map, metadata={"derived": True})
    """Ids of the links that touch an identity, in the order of the ids."""
    groups: Map[str, tuple[str, ...]] = field(default_factory=Map, metadata={"derived": True})
    """Keys that are one customer's, in order, for each key that has company."""
    ended: tuple[EndedLink, ...] = ()
    """Oldest first."""
    mark: int = 0

    def group(self, key: str) -> tuple[str, ...]:
        """The keys of the customer behind this one, itself included; none for a withheld identity."""
        return self.groups.get(key, (key,)) if key else ()

    def touching(self, keys: Iterable[str]) -> list[Link]:
        """Links that touch one of the identities, each once, in the order of their ids."""
        ids = {link_id for key in keys for link_id in self.of_key.get(key, ())}
        return [self.by_id[link_id] for link_id in sorted(ids)]

    def ended_link(self, link_id: str) -> EndedLink | None:
        return next((one for one in reversed(self.ended) if one.link_id == link_id), None)


def refusal(links: Links, link: Link) -> str:
    """Why the link cannot stand, as a reason of a reply; empty when it can."""
    one, other = link.one.key, link.other.key
    if not one or not other:
        return "withheld"
    if one == other:
        return "same_identity"
    if link.link_id not in links.by_id:
        crowded = any(len(links.of_key.get(key, ())) >= LINKS_PER_IDENTITY_MAX for key in (one, other))
        if crowded or len(links.by_id) >= LINKS_PER_DESK_MAX:
            return "too_many"
    if not link.strong:
        return ""
    keys = {*links.group(one), *links.group(other)}
    if len(keys) > GROUP_MAX:
        return "too_many"
    strong = [known for known in links.touching(keys) if known.strong and known.link_id != link.link_id]
    return "different_verified" if contradicts([*strong, link]) else ""


def contradicts(links: Iterable[Link]) -> bool:
    """True when two identities of one type are both verified and neither took the other's place."""
    links = list(links)
    took: dict[tuple[str, str], tuple[str, str]] = {}

    def root(end: tuple[str, str]) -> tuple[str, str]:
        while (above := took.get(end, end)) != end:
            end = above
        return end

    for link in links:
        if link.statement in SUCCESSIONS and link.one.type == link.other.type:
            took[root((link.one.type, link.one.key))] = root((link.other.type, link.other.key))
    verified: dict[str, set[tuple[str, str]]] = {}
    for link in links:
        for end in (link.one, link.other):
            if end.verified:
                verified.setdefault(end.type, set()).add(root((end.type, end.key)))
    return any(len(found) > 1 for found in verified.values())


def with_link(links: Links, link: Link) -> Links:
    """The links with one more, or with a stronger one in its place."""
    of_key = links.of_key
    for end in (link.one, link.other):
        of_key = of_key.set(end.key, tuple(sorted({*of_key.get(end.key, ()), link.link_id})))
    groups = links.groups
    if link.strong:
        keys = tuple(sorted({*links.group(link.one.key), *links.group(link.other.key)}))
        for key in keys:
            groups = groups.set(key, keys)
    mark = links.mark + _mark(link) - _mark(links.by_id.get(link.link_id))
    by_id = links.by_id.set(link.link_id, link)
    return replace(links, by_id=by_id, of_key=of_key, groups=groups, mark=mark % MARKS)


def without_link(links: Links, link_id: str, *, ended_at_ms: int, by_agent: bool) -> Links:
    """The links without one, which is remembered as ended; a group that it held together falls apart."""
    rest = tuple([one for one in links.ended if one.link_id != link_id])
    ended = (*rest, EndedLink(link_id, ended_at_ms, by_agent))[-ENDED_MAX:]
    link = links.by_id.get(link_id)
    if link is None:
        return replace(links, ended=ended)
    of_key = links.of_key
    for end in (link.one, link.other):
        left = tuple([one for one in of_key.get(end.key, ()) if one != link_id])
        of_key = of_key.set(end.key, left) if left else of_key.delete(end.key)
    mark = (links.mark - _mark(link)) % MARKS
    after = replace(links, by_id=links.by_id.delete(link_id), of_key=of_key, ended=ended, mark=mark)
    return replace(after, groups=_regrouped(after, link)) if link.strong else after


def _mark(link: Link | None) -> int:
    """A number that stands for the link; sums of them are the same in any order."""
    if link is None:
        return 0
    ends = [f"{end.type}\x1f{end.key}\x1f{end.verified}" for end in (link.one, link.other)]
    text = "\x1f".join((link.link_id, *ends, str(int(link.strength)), link.statement, str(link.said_at_ms)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def _regrouped(links: Links, gone: Link) -> Map[str, tuple[str, ...]]:
    groups = links.groups
    for end in (gone.one, gone.other):
        keys = tuple(sorted(_reached(links, end.key)))
        for key in keys:
            groups = groups.set(key, keys)
        if len(keys) == 1 and end.key in groups:
            groups = groups.delete(end.key)
    return groups


def _reached(links: Links, key: str) -> set[str]:
    """Everything that strong links reach from here; bounded, for no group exceeds its bound."""
    found, ahead = {key}, [key]
    while ahead:
        here = ahead.pop()
        for link_id in links.of_key.get(here, ()):
            link = links.by_id[link_id]
            far = link.far_end(here).key
            if link.strong and far not in found:
                found.add(far)
                ahead.append(far)
    return found
