"""Each fold: given events, then these series, with the arithmetic beside the row."""

from __future__ import annotations

from typing import get_args

import pytest

from services.contract import decisions as d
from services.contract.desk import Desk, DeskLimits, Queue
from services.contract.facts import Channel, HelpResult, Outcome, TransferReason
from services.metrics import folds
from services.metrics.folds.scene import DeskView, Scene
from services.metrics.folds.totals import Totals, agg, initialize
from services.metrics.kpis import Dimension, kpis
from tests.unit.metrics.world import DESK, tally

PHONE, EMAIL, SOCIAL = Channel.PHONE, Channel.EMAIL, Channel.SOCIAL
DAY_MS = 86_400_000


def totals(*events: d.Event, desk: Desk = DESK) -> Totals:
    """What one accepted record with these events adds."""
    scene = Scene(DeskView().applied(desk), d.Decision(desk_id=desk.desk_id, events=events))
    return agg(initialize(), folds.moves(scene))


def short(found: Totals) -> dict[str, int]:
    """Series as words, without the prefix, the channel and the queue."""
    return {" ".join((name[0].removeprefix("frontdesk_"), *name[3:])): value for name, value in found.items()}


# --- waits -------------------------------------------------------------------------------------------------


def test_a_first_answer_ends_both_clocks() -> None:
    found = totals(
        d.Assigned(
            channel=PHONE,
            queue_id="calls",
            first=True,
            wait_since_arrival_ms=21_000,  # above 20 s, up to 40 s: bucket 3
            wait_since_queue_ms=20_000,  # 20 s exactly is within 20 s: bucket 2
            within_target=True,
        )
    )

    assert short(found) == {
        "contacts_offered": 1,
        "contact_wait_seconds answered 3": 1,
        "contact_wait_seconds answered sum": 21_000,
        "contact_wait_square_seconds": 441_000_000,  # 21,000 ms squared
        "promises kept target": 1,
        "queue_wait_seconds answered 2": 1,
        "queue_wait_seconds answered sum": 20_000,
    }


def test_a_second_leg_moves_the_queue_clock_only() -> None:
    found = totals(d.Assigned(channel=PHONE, queue_id="calls", wait_since_queue_ms=4_000, within_target=True))

    assert short(found) == {"queue_wait_seconds answered 0": 1, "queue_wait_seconds answered sum": 4_000}


def test_a_hand_over_is_no_answer_from_a_queue() -> None:
    found = totals(
        d.Transferred(contact_id="c1", channel=PHONE, queue_id="calls", reason=TransferReason.STUCK, hop=1),
        d.Assigned(
            contact_id="c1", channel=PHONE, queue_id="calls", offer_id="o1", wait_since_queue_ms=90_000
        ),
    )

    assert short(found) == {"transfers agent stuck": 1, "offers_ended accepted": 1}


@pytest.mark.parametrize(
    ("wait_ms", "short_label", "outcome", "bucket"),
    [
        (0, "true", "abandoned_short", 0),
        (5_000, "true", "abandoned_short", 0),  # 5 s is short, and within the bound of 5 s
        (5_001, "false", "abandoned", 1),
        (3_600_001, "false", "abandoned", 12),  # beyond the last bound: +Inf
    ],
)
def test_who_leaves_early_hardly_waited(wait_ms: int, short_label: str, outcome: str, bucket: int) -> None:
    found = totals(
        d.Abandoned(
            queue_id="calls",
            wait_since_arrival_ms=wait_ms,
            wait_since_queue_ms=1_000,
            tally=tally(handled=False),
        )
    )

    assert short(found) == {
        "contacts_offered": 1,
        f"contacts_abandoned {short_label}": 1,
        f"contact_wait_seconds {outcome} {bucket}": 1,
        f"contact_wait_seconds {outcome} sum": wait_ms,
        f"queue_wait_seconds {outcome} 0": 1,
        f"queue_wait_seconds {outcome} sum": 1_000,
    }


def test_a_contact_closed_before_any_agent_was_cancelled_and_offered_to_nobody() -> None:
    found = totals(d.Closed(outcome=Outcome.DUPLICATE, tally=tally(handled=False, open_ms=12_000)))

    assert short(found) == {
        "contact_wait_seconds cancelled 2": 1,
        "contact_wait_seconds cancelled sum": 12_000,
    }


def test_a_promise_breaks_when_its_deadline_passes() -> None:
    found = totals(
        d.TargetMissed(channel=PHONE, queue_id="calls", promise="target"),
        d.TargetMissed(channel=EMAIL, queue_id="post", promise="due"),
    )

    assert short(found) == {"promises broken target": 1, "promises broken due": 1}


def test_an_acknowledgement_stays_apart_from_a_person() -> None:
    found = totals(
        d.Answered(channel=EMAIL, queue_id="post", kind="ack", after_ms=1_000),
        d.Answered(channel=EMAIL, queue_id="post", kind="human", after_ms=DAY_MS),  # a day is within a day
    )

    assert short(found) == {
        "first_response_seconds ack 0": 1,
        "first_response_seconds ack sum": 1_000,
        "first_response_seconds human 9": 1,
        "first_response_seconds human sum": DAY_MS,
        "outbound ack": 1,
        "outbound answer": 1,
    }


def test_an_arrival_counts_in_the_queue_that_the_same_record_names() -> None:
    found = totals(
        d.ContactOpened(contact_id="c1", channel=PHONE),
        d.ContactQueued(contact_id="c1", channel=PHONE, queue_id="calls"),
        d.ContactOpened(contact_id="c2", channel=EMAIL),
    )

    assert found == {
        ("frontdesk_contacts_arrived", "phone", "calls"): 1,
        ("frontdesk_contacts_arrived", "email", "other"): 1,
        ("frontdesk_contacts_queued", "phone", "calls"): 1,
    }


# --- resolution --------------------------------------------------------------------------------------------

CLOSED, RESOLVED, UNATTRIBUTABLE = (
    "fcr_provisional_closed",
    "fcr_provisional_resolved",
    "fcr_unattributable",
)


@pytest.mark.parametrize(
    ("event", "moved"),
    [
        (d.Resolved(tally=tally()), {CLOSED, RESOLVED}),
        (d.Closed(outcome=Outcome.UNRESOLVED, tally=tally()), {CLOSED}),
        (d.Closed(outcome=Outcome.CUSTOMER_SILENT, tally=tally()), {CLOSED}),
        (d.Resolved(tally=tally(first=False)), set()),  # a later contact of its case
        (d.Resolved(tally=tally(unattributable=True)), {UNATTRIBUTABLE}),  # no identity, no FCR
        (d.Closed(outcome=Outcome.SPAM, tally=tally()), set()),  # nothing to resolve
        (d.Closed(outcome=Outcome.DUPLICATE, tally=tally()), set()),
        (d.Closed(outcome=Outcome.UNSTATED, tally=tally(handled=False)), set()),  # no agent had it
    ],
)
def test_provisional_resolution_counts_first_contacts_that_an_agent_had(
    event: d.Resolved | d.Closed, moved: set[str]
) -> None:
    names = (CLOSED, RESOLVED, UNATTRIBUTABLE)

    assert {name for name in short(totals(event)) if name in names} == moved


def test_matured_resolution_moves_both_counters_for_success_and_the_denominator_for_failure() -> None:
    success = d.ResolutionConfirmed(channel=PHONE, queue_id="calls", first_contact=True)
    failure = d.ResolutionConfirmed(channel=PHONE, queue_id="calls", first_contact=False)

    assert short(totals(success, failure)) == {"fcr_matured 7d": 2, "fcr_resolved 7d": 1}


def test_the_window_label_is_the_desks_own() -> None:
    event = d.ResolutionConfirmed(channel=PHONE, queue_id="calls")
    for window_ms, label in ((0, "7d"), (DAY_MS, "1d"), (30 * DAY_MS, "30d"), (DAY_MS + 1, "other")):
        desk = Desk(desk_id="acme", queues=DESK.queues, limits=DeskLimits(repeat_window_ms=window_ms))
        assert short(totals(event, desk=desk)) == {f"fcr_matured {label}": 1}


@pytest.mark.parametrize(
    ("after_ms", "within"),
    [(0, "1d"), (DAY_MS, "1d"), (DAY_MS + 1, "7d"), (7 * DAY_MS, "7d"), (7 * DAY_MS + 1, "later")],
)
def test_repeats_are_told_apart_by_the_time_since_the_settlement(after_ms: int, within: str) -> None:
    assert short(totals(d.Reopened(channel=PHONE, queue_id="calls", after_ms=after_ms))) == {
        f"repeat_contacts {within}": 1
    }


def test_a_return_that_is_taken_back_is_revised_up_once() -> None:
    back = d.Reopened(case_id="k", channel=PHONE, queue_id="calls", first_contact=True)
    confirmed = d.ResolutionConfirmed(case_id="k", channel=PHONE, queue_id="calls", first_contact=True)

    revised = {
        name: value for name, value in short(totals(back, confirmed, confirmed)).items() if "revised" in name
    }

    assert revised == {"fcr_revised down": 1, "fcr_revised up": 1}


# --- what customers say and are told -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after_ms", "moved"),
    [
        (DAY_MS, {"survey_delay_seconds 5": 1, "survey_delay_seconds sum": DAY_MS}),  # up to a day
        (0, {}),  # nobody knows when it was closed
    ],
)
def test_how_old_an_answer_to_a_survey_is_where_that_is_known(after_ms: int, moved: dict[str, int]) -> None:
    found = short(totals(d.SurveyNoted(score=4, channel=PHONE, queue_id="calls", after_ms=after_ms)))

    assert found == {"survey_responses 4": 1, **moved}


def test_what_a_person_settled_is_to_be_followed_up() -> None:
    sent = d.OutboundNoted(kind="followup", channel=EMAIL, queue_id="post")
    settled, other = d.Resolved(tally=tally()), d.Closed(outcome=Outcome.UNRESOLVED, tally=tally())

    found = short(totals(settled, other, d.Resolved(tally=tally(handled=False)), sent))

    assert (found["followups_due"], found["followups_sent"]) == (1, 1)


def test_a_follow_up_counts_where_it_was_due_although_the_contact_was_moved() -> None:
    sent = d.OutboundNoted(kind="followup", channel=PHONE, queue_id="post", first_queue_id="calls")

    found = totals(d.Resolved(tally=tally(PHONE, "calls")), sent)

    assert found["frontdesk_followups_due", "phone", "calls"] == 1
    assert found["frontdesk_followups_sent", "phone", "calls"] == 1


@pytest.mark.parametrize(
    ("group_by", "told"), [((), True), ((Dimension.DESK,), True), ((Dimension.QUEUE,), False)]
)
def test_follow_ups_are_rated_for_whole_desks_only(group_by: tuple[Dimension, ...], told: bool) -> None:
    """One for a contact that the router has forgotten has no queue."""
    found = totals(d.Resolved(tally=tally(PHONE, "calls")), d.OutboundNoted(kind="followup", channel=EMAIL))

    rows = {row.group: row.ratios() for row in kpis([("acme", found)], group_by)}

    assert [row["followup_rate"] for row in rows.values() if "followup_rate" in row] == [1.0] * told


# --- escalation --------------------------------------------------------------------------------------------


def test_a_handled_contact_counts_once_whatever_happened_to_it() -> None:
    found = totals(d.Resolved(tally=tally(first=False, transfers=2, escalated=True)))

    assert short(found) == {
        "contacts_handled": 1,
        "contacts_escalated": 1,
        "transfers_per_contact 2": 1,  # bounds 0, 1, 2: two hand-overs fall into the third bucket
        "transfers_per_contact sum": 2,
        "contacts_handled_by_topic other": 1,
        "followups_due": 1,
    }


def test_no_hand_over_is_counted_too() -> None:
    assert short(totals(d.Resolved(tally=tally(first=False)))) == {
        "contacts_handled": 1,
        "transfers_per_contact 0": 1,
        "transfers_per_contact sum": 0,
        "contacts_handled_by_topic other": 1,
        "followups_due": 1,
    }


def test_outcomes_belong_to_the_first_queue() -> None:
    found = totals(d.Resolved(tally=tally(SOCIAL, "post", first=False)))

    assert {name[1:3] for name in found if "topic" not in name[0]} == {("social", "post")}


def test_escalations_and_consults_are_counted_when_they_happen() -> None:
    found = totals(
        d.Escalated(channel=PHONE, queue_id="calls", reason="lacks_authority"),
        d.Escalated(channel=PHONE, queue_id="calls", reason="a mood"),
        d.ConsultEnded(channel=PHONE, queue_id="calls", result=HelpResult.GRANTED),
        d.ConsultEnded(channel=PHONE, queue_id="calls", result=HelpResult(99)),
    )

    assert short(found) == {
        "escalations lacks_authority": 1,
        "escalations other": 1,
        "consults granted": 1,
        "consults other": 1,
    }


# --- offers ------------------------------------------------------------------------------------------------


def test_an_offer_without_an_estimate_is_unknown_and_never_covered() -> None:
    found = totals(
        *(
            d.Offered(channel=PHONE, queue_id="calls", authority=cover)
            for cover in (d.AuthorityCover.COVERS, d.AuthorityCover.SHORT, d.AuthorityCover.UNSPECIFIED)
        ),
        d.OfferEnded(channel=PHONE, queue_id="calls", result=d.OfferResult.EXPIRED),
    )

    assert short(found) == {
        "offers covers": 1,
        "offers short": 1,
        "offers unknown": 1,
        "offers_ended expired": 1,
    }


# --- labels ------------------------------------------------------------------------------------------------


def test_a_queue_keeps_its_name_after_the_desk_drops_it() -> None:
    view = DeskView().applied(DESK).applied(Desk(desk_id="acme", queues=(Queue(queue_id="new"),)))

    assert [view.queue(name) for name in ("calls", "new", "never")] == ["calls", "new", "other"]
    assert view.pairs == (
        ("phone", "new"),
        ("email", "new"),
        ("social", "new"),
    )  # zeros for those in force only


def test_a_desk_gets_a_bounded_number_of_queue_names() -> None:
    view = DeskView()
    for version in range(50):
        queues = tuple(Queue(queue_id=f"q{version}-{index}") for index in range(10))
        view = view.applied(Desk(desk_id="acme", queues=queues))

    assert len(view.queues) == 100
    assert view.queue("q0-0") == "q0-0"
    assert view.queue("q49-9") == "other"


def test_a_clock_set_back_waits_nothing() -> None:
    found = totals(d.Assigned(channel=PHONE, queue_id="calls", wait_since_queue_ms=-5))

    assert short(found) == {"queue_wait_seconds answered 0": 1, "queue_wait_seconds answered sum": 0}


def test_a_queue_may_be_called_sum() -> None:
    desk = Desk(desk_id="acme", queues=(Queue(queue_id="sum"),))

    assert folds.result(totals(d.Resolved(tally=tally(queue="sum")), desk=desk))["handled"] == 1


# --- mentions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addressed", "again", "label"),
    [(False, False, "false"), (True, False, "true"), (True, True, "later"), (False, True, "")],
)
def test_a_mention_counts_once_whatever_its_edits(addressed: bool, again: bool, label: str) -> None:
    """An edit moves nothing unless it makes a contact of the mention, and then a series of its own."""
    noted = d.MentionNoted(
        channel=SOCIAL, kind="review", sentiment="negative", addressed=addressed, again=again
    )

    assert short(totals(noted)) == ({f"mentions review negative {label}": 1} if label else {})


@pytest.mark.parametrize(("kind", "mention", "counted"), [("human", "review", 1), ("ack", "review", 0)])
def test_only_a_person_answers_a_mention(kind: str, mention: str, counted: int) -> None:
    found = short(totals(d.Answered(channel=SOCIAL, queue_id="post", kind=kind, mention=mention)))

    assert found.get("mentions_answered review", 0) == counted


def test_mentions_in_a_row_of_kpis() -> None:
    found = totals(
        d.MentionNoted(channel=SOCIAL, kind="review", sentiment="negative"),
        d.MentionNoted(channel=SOCIAL, kind="review", sentiment="negative", addressed=True, again=True),
        d.MentionNoted(channel=SOCIAL, kind="mention", sentiment="neutral", addressed=True),
        d.Answered(channel=SOCIAL, queue_id="post", kind="human", mention="mention"),
    )
    row = folds.result(found)

    assert (row["mentions"], row["mentions_addressed"], row["mentions_answered"]) == (2, 2, 1)


def test_every_kind_of_event_is_folded_or_moves_nothing() -> None:
    """Customers who are awaited, retained memory: told to people, counted nowhere."""
    for kind in get_args(d.Event):
        folds.moves(Scene(DeskView().applied(DESK), d.Decision(desk_id=DESK.desk_id, events=(kind(),))))
    quiet = (d.OverloadEnded(), d.Forgotten(), d.CustomerAwaited(), d.CustomerReturned())
    assert totals(*quiet) == initialize()
