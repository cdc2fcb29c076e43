"""Links in any order: groups are what a naive walk finds, verified identities stay apart, a replay agrees."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contract import facts as f
from services.contract.facts import CustomerRef, LinkStrength
from services.router.identity import MARKS, Link, Links, _mark
from tests.properties.invariants import check_replay
from tests.unit.router.world import START_MS, World, agent, desk

KEYS = tuple("abcdefgh")
TYPES = ("phone", "email")
Said = tuple[str, str, bool, bool, bool]
"""One key, the other, strong, and whether each is verified."""
said = st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS), st.booleans(), st.booleans(), st.booleans())
steps = st.lists(st.one_of(said, st.integers(0, 9)), max_size=40)
"""Links, and numbers that choose a link to take back."""


def identity(key: str, *, verified: bool) -> CustomerRef:
    """The first half of the keys are phones, the rest addresses."""
    return CustomerRef(type=TYPES[KEYS.index(key) // 4], key=key, verified=verified)


def body(one: Said) -> f.IdentityLinked:
    a, b, strong, a_verified, b_verified = one
    return f.IdentityLinked(
        link_id="-".join(sorted((a, b))),
        one=identity(a, verified=a_verified),
        other=identity(b, verified=b_verified),
        strength=LinkStrength.STRONG if strong else LinkStrength.WEAK,
        statement="scoped_id",
    )


def naive(links: Iterable[Link]) -> dict[str, set[str]]:
    """Groups by joining until nothing changes."""
    groups = {key: {key} for key in KEYS}
    for _ in KEYS:
        for link in links:
            if link.strong:
                joined = groups[link.one.key] | groups[link.other.key]
                for key in joined:
                    groups[key] = joined
    return groups


def check(links: Links) -> None:
    groups = naive(links.by_id.values())
    assert {key: set(links.group(key)) for key in KEYS} == groups
    assert links.mark == sum(map(_mark, links.by_id.values())) % MARKS
    assert set(links.groups) == {key for key in KEYS if len(groups[key]) > 1}
    for group in groups.values():
        ends = [
            end
            for link in links.by_id.values()
            if link.strong and link.one.key in group
            for end in (link.one, link.other)
        ]
        for type_ in TYPES:
            assert len({end.key for end in ends if end.verified and end.type == type_}) <= 1
    for key in KEYS:
        touching = {one.link_id for one in links.by_id.values() if key in (one.one.key, one.other.key)}
        assert set(links.of_key.get(key, ())) == touching


@settings(max_examples=150, deadline=None, database=None)
@given(steps)
def test_groups_are_what_a_naive_walk_finds(chosen: list[Said | int]) -> None:
    world = World(desk(agent("A")))
    for one in chosen:
        standing = sorted(world.desk.links.by_id)
        if isinstance(one, int):
            if standing:
                world.tell(f.IdentityUnlinked(link_id=standing[one % len(standing)]))
        else:
            world.now_ms += 1
            world.tell(body(one))
        check(world.desk.links)
    check_replay(world.records, world.state)


@settings(max_examples=80, deadline=None, database=None)
@given(st.lists(said, max_size=12), said)
def test_taking_a_link_back_restores_what_was_before(before: list[Said], one: Said) -> None:
    world = World(desk(agent("A")))
    for earlier in before:
        world.tell(body(earlier))
    links, link_id = world.desk.links, body(one).link_id
    world.tell(body(one))
    if link_id in links.by_id or link_id not in world.desk.links.by_id:
        return  # it stood already, or was refused
    world.tell(f.IdentityUnlinked(link_id=link_id, agent_id="A"))

    after = world.desk.links
    assert (after.by_id, after.of_key, after.groups) == (links.by_id, links.of_key, links.groups)


@settings(max_examples=80, deadline=None, database=None)
@given(
    st.lists(st.tuples(said, st.booleans()), max_size=10, unique_by=lambda one: body(one[0]).link_id),
    st.randoms(),
)
def test_links_and_their_ends_give_the_same_groups_in_any_order(
    chosen: list[tuple[Said, bool]], random: st.DrawFn
) -> None:
    """Each link is said once and perhaps taken back later; nothing verified, so nothing is refused."""
    facts: list[tuple[int, f.IdentityLinked | f.IdentityUnlinked]] = []
    for at, ((a, b, strong, _, _), ends) in enumerate(chosen):
        made = body((a, b, strong, False, False))
        facts.append((2 * at, made))
        if ends:
            facts.append((2 * at + 1, f.IdentityUnlinked(link_id=made.link_id)))
    worlds = [World(desk(agent("A"))), World(desk(agent("A")))]
    shuffled = list(facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # a Random, by hypothesis
    for world, order in zip(worlds, (facts, shuffled), strict=True):
        world.now_ms += 1_000
        for at, fact in order:
            world.tell(fact, occurred_ms=START_MS + at)

    assert worlds[0].desk.links.groups == worlds[1].desk.links.groups
    assert set(worlds[0].desk.links.by_id) == set(worlds[1].desk.links.by_id)
