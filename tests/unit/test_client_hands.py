"""What is news to an agent: nothing that is in hand already, and the end of what a new session does not tell again."""

from __future__ import annotations

from frontdesk.client import Hands
from frontdesk.v1 import decisions_pb2, facts_pb2, router_pb2

Notice = router_pb2.AgentSessionResponse


def offer(offer_id: str, contact_id: str = "c") -> Notice:
    contact = router_pb2.ContactCard(contact_id=contact_id)
    return Notice(offer=router_pb2.OfferNotice(offer_id=offer_id, contact=contact))


def assigned(contact_id: str, epoch: int = 1) -> Notice:
    contact = router_pb2.ContactCard(contact_id=contact_id)
    return Notice(assigned=router_pb2.AssignmentNotice(contact=contact, epoch=epoch))


def help_(help_id: str) -> Notice:
    return Notice(help=router_pb2.HelpNotice(help_id=help_id))


def asked(help_id: str, adviser_id: str = "") -> Notice:
    request = router_pb2.RequestNotice(
        help_id=help_id, contact_id="c", adviser_id=adviser_id, kind="HELP_KIND_APPROVAL"
    )
    return Notice(request=request)


def passing_on(contact_id: str) -> Notice:
    return Notice(request=router_pb2.RequestNotice(contact_id=contact_id))


def granted(help_id: str) -> Notice:
    return Notice(help_ended=decisions_pb2.ConsultEnded(help_id=help_id, result="HELP_RESULT_GRANTED"))


def kept(contact_id: str, reason: str, deadline_seconds: int) -> Notice:
    ended = decisions_pb2.HandoverEnded(contact_id=contact_id, reason=reason)
    ended.deadline_at.FromSeconds(deadline_seconds)
    return Notice(handover_ended=ended)


def ready(*, told_whole: bool) -> Notice:
    return Notice(ready=router_pb2.SessionReady(told_whole=told_whole))


def told(hands: Hands, *notices: Notice) -> list[str]:
    """What comes out, by kind and id."""
    words = []
    for notice in notices:
        for one in hands.take(notice):
            match one.WhichOneof("message"):
                case "offer":
                    words.append(f"offer {one.offer.offer_id}")
                case "offer_ended":
                    words.append(f"offer_ended {one.offer_ended.offer_id}")
                case "assigned":
                    words.append(f"assigned {one.assigned.contact.contact_id}")
                case "released":
                    words.append(f"released {one.released.contact_id}")
                case "help":
                    words.append(f"help {one.help.help_id}")
                case "help_ended":
                    result = facts_pb2.HelpResult.Name(one.help_ended.result)[12:].lower()
                    words.append(
                        f"help_ended {one.help_ended.help_id}" + f" {result}".removesuffix(" unspecified")
                    )
                case "request":
                    asked = one.request
                    words.append(f"request {asked.help_id or asked.contact_id} {asked.adviser_id}".strip())
                case "handover_ended":
                    words.append(f"handover_ended {one.handover_ended.contact_id}")
    return words


def test_an_offer_in_hand_that_is_told_again_is_no_news() -> None:
    hands = Hands()
    hands.opened()
    assert told(hands, offer("o1"), ready(told_whole=True)) == ["offer o1"]
    hands.opened()
    assert told(hands, offer("o1"), ready(told_whole=True)) == []
    assert set(hands.offers) == {"o1"}


def test_what_a_session_that_tells_all_does_not_tell_has_ended() -> None:
    hands = Hands()
    hands.opened()
    told(hands, offer("o1", "c1"), assigned("c2"), help_("h1"), ready(told_whole=True))
    hands.opened()
    words = told(hands, assigned("c3"), ready(told_whole=True))
    assert words == ["assigned c3", "offer_ended o1", "released c2", "help_ended h1"]
    assert (hands.offers, set(hands.contacts), hands.helps) == ({}, {"c3"}, {})


def test_a_request_for_help_that_ended_unseen_names_the_agent_as_its_adviser() -> None:
    """Else it would look like the end of one's own asking."""
    hands = Hands(agent_id="ana")
    hands.opened()
    told(hands, help_("h1"), ready(told_whole=True))
    hands.opened()
    (ended, _) = hands.take(ready(told_whole=True))
    assert (ended.help_ended.help_id, ended.help_ended.adviser_id) == ("h1", "ana")


def test_a_session_that_tells_what_was_missed_ends_nothing_by_silence() -> None:
    hands = Hands()
    hands.opened()
    told(hands, offer("o1", "c1"), assigned("c2"), ready(told_whole=True))
    hands.opened()
    assert told(hands, ready(told_whole=False)) == []
    assert (set(hands.offers), set(hands.contacts)) == ({"o1"}, {"c2"})


def test_an_accepted_offer_is_in_hand_no_more_and_a_new_epoch_is_news() -> None:
    hands = Hands()
    assert told(hands, offer("o1", "c1"), assigned("c1", 1)) == ["offer o1", "assigned c1"]
    assert hands.offers == {}
    assert told(hands, assigned("c1", 1), assigned("c1", 2)) == ["assigned c1"]
    assert hands.contacts["c1"].epoch == 2


def test_ends_are_told_and_forgotten() -> None:
    hands = Hands()
    told(hands, offer("o1"), assigned("c2"), help_("h1"))
    ended = Notice(offer_ended=decisions_pb2.OfferEnded(offer_id="o1"))
    released = Notice(released=router_pb2.ReleasedNotice(contact_id="c2", reason="closed"))
    over = Notice(help_ended=decisions_pb2.ConsultEnded(help_id="h1"))
    assert told(hands, ended, released, over) == ["offer_ended o1", "released c2", "help_ended h1"]
    assert not (hands.offers or hands.contacts or hands.helps)


def test_what_an_agent_asked_for_is_in_hand_until_it_ends_and_news_when_somebody_joins() -> None:
    hands = Hands()
    hands.opened()
    words = told(
        hands, asked("h1"), asked("h1"), asked("h1", "mia"), passing_on("c2"), ready(told_whole=True)
    )
    assert words == ["request h1", "request h1 mia", "request c2"]
    assert set(hands.requests) == {"h1", "c2"}
    ended = Notice(handover_ended=decisions_pb2.HandoverEnded(contact_id="c2"))
    assert told(hands, granted("h1"), ended) == ["help_ended h1 granted", "handover_ended c2"]
    assert hands.requests == {}


def test_what_became_of_a_request_is_told_once_though_the_session_breaks_before_it_is_ready() -> None:
    hands = Hands()
    hands.opened()
    told(hands, assigned("c"), asked("h1"), ready(told_whole=True))
    for words in (["help_ended h1 granted"], []):
        hands.opened()
        assert told(hands, granted("h1"), assigned("c")) == words
    assert told(hands, ready(told_whole=True)) == []
    assert hands.requests == {}


def test_each_end_of_a_contact_that_was_handed_over_more_than_once_is_told_once() -> None:
    hands = Hands()
    hands.opened()
    told(hands, assigned("c"), passing_on("c"), ready(told_whole=True))
    ends = [kept("c", "unfilled", 60), kept("c", "unfilled", 130), kept("c", "customer_left", 190)]
    hands.opened()
    assert told(hands, *ends[:2]) == ["handover_ended c"] * 2
    hands.opened()
    assert [one for end in ends for one in hands.take(end)] == ends[2:]
    assert told(hands, assigned("c"), ready(told_whole=True)) == []
    assert hands.requests == {}


def test_a_request_that_ended_too_long_ago_ends_without_a_result() -> None:
    hands = Hands(agent_id="ana")
    hands.opened()
    known = (assigned("c"), assigned("c2"), assigned("c3"), asked("h1"), passing_on("c2"), passing_on("c3"))
    told(hands, *known, ready(told_whole=True))
    hands.opened()
    words = told(hands, assigned("c"), assigned("c2"), ready(told_whole=True))
    assert words == ["released c3", "help_ended h1", "handover_ended c2"]
    assert (set(hands.contacts), hands.requests) == ({"c", "c2"}, {})


def test_a_contact_that_was_passed_on_is_told_as_released_once_with_its_reason() -> None:
    hands = Hands()
    hands.opened()
    told(hands, assigned("c"), passing_on("c"), ready(told_whole=True))
    hands.opened()
    gone = Notice(released=router_pb2.ReleasedNotice(contact_id="c", reason="transferred"))
    assert hands.take(gone) == [gone]
    assert told(hands, gone, ready(told_whole=True)) == []
    assert (hands.contacts, hands.requests) == ({}, {})


def test_what_is_open_is_named_newest_first_help_apart_from_contacts_to_be_passed_on() -> None:
    hands = Hands()
    told(hands, asked("h1"), passing_on("c1"), asked("h2"), passing_on("c2"), ready(told_whole=True))

    assert hands.asked() == (["h2", "h1"], ["c2", "c1"])
