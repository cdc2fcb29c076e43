"""frontdesk agent: what it prints of what the router tells."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from rich.console import Console

from frontdesk.client import AgentDesktop
from frontdesk.v1 import decisions_pb2, facts_pb2, router_pb2
from services.cli.agent import _act, _Hands, _show

Notice = router_pb2.AgentSessionResponse


class FakeDesktop:
    """Tells these notices and ends."""

    def __init__(self, *notices: Notice) -> None:
        self._notices = notices
        self.sent: list[dict[str, Any]] = []

    async def send(self, **command: Any) -> router_pb2.CommandResponse:
        self.sent.append(command)
        return router_pb2.CommandResponse(reply={"accepted": True})

    async def notices(self) -> AsyncIterator[Notice]:
        for notice in self._notices:
            yield notice


async def printed(*notices: Notice) -> list[str]:
    console = Console(file=io.StringIO(), width=200)
    await _show(cast(AgentDesktop, FakeDesktop(*notices)), _Hands(), console)
    return cast(io.StringIO, console.file).getvalue().splitlines()


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("unfilled", "nobody took it over: it is yours still"),
        ("customer_left", "the customer left before anybody took it over: it is yours still"),
        ("agent_gone", "you went away before anybody took it over: it waits for anybody"),
        ("", "it is offered on no more: it is yours still"),
        ("of_tomorrow", "nobody took it over: of_tomorrow"),
    ],
)
async def test_the_end_of_a_hand_over_is_said_by_its_reason(reason: str, said: str) -> None:
    ended = decisions_pb2.HandoverEnded(contact_id="c", agent_id="ana", reason=reason)
    assert await printed(Notice(handover_ended=ended)) == [said]


async def test_a_card_says_whom_to_answer_and_what_the_customer_wrote_as_it_was_written() -> None:
    card = router_pb2.ContactCard(
        contact_id="c",
        medium="voice",
        language="de",
        customer={"type": "phone", "value": "+4915112345678"},
        account="+4930901820",
        reference="A-4711",
        subject="[/red] and [bold]",
        text="[/] :warning: [link=x]here[/link] \x1b[2Jgone",
    )
    told = "\n".join(await printed(Notice(assigned=router_pb2.AssignmentNotice(contact=card, epoch=1))))

    assert "from +4915112345678 to +4930901820 reference A-4711" in told
    assert "[/red] and [bold]" in told
    assert "[/] :warning: [link=x]here[/link] \ufffd[2Jgone" in told


async def pressed(key: str, need: decisions_pb2.Need) -> tuple[list[dict[str, Any]], str]:
    """What a key sends and prints while a contact of that need is in hand."""
    card = router_pb2.ContactCard(contact_id="c", need=need)
    desktop = FakeDesktop(Notice(assigned=router_pb2.AssignmentNotice(contact=card, epoch=3)))
    hands, console = _Hands(), Console(file=io.StringIO(), width=200)
    await _show(cast(AgentDesktop, desktop), hands, Console(file=io.StringIO()))
    assert await _act(key, cast(AgentDesktop, desktop), hands, console)
    return desktop.sent, cast(io.StringIO, console.file).getvalue()


REFUND = decisions_pb2.Need(decision_type="refund", amount_minor=12_000, currency="EUR", known=True)
WANTED = facts_pb2.DecisionWanted(decision_type="refund", amount_minor=12_000, currency="EUR")


async def test_an_approval_is_asked_for_what_the_customer_asks_for() -> None:
    asked = facts_pb2.HelpAsked(
        contact_id="c", epoch=3, kind=facts_pb2.HELP_KIND_APPROVAL, decision_wanted=WANTED
    )
    assert await pressed("p", REFUND) == ([{"ask_help": asked}], "")


async def test_what_was_granted_is_recorded() -> None:
    used = facts_pb2.AuthorityUsed(contact_id="c", epoch=3, decision=WANTED)
    assert await pressed("x", REFUND) == ([{"use_authority": used}], "")


@pytest.mark.parametrize("key", ["p", "x"])
async def test_a_contact_that_asks_for_no_decision_has_none_to_approve(key: str) -> None:
    sent, said = await pressed(key, decisions_pb2.Need())
    assert (sent, f"nothing in hand for '{key}' now" in said) == ([], True)


async def test_an_approver_is_told_what_is_to_be_approved() -> None:
    wanted = router_pb2.HelpNotice(
        help_id="h", owner_id="ana", kind=facts_pb2.HELP_KIND_APPROVAL, decision_wanted=WANTED
    )
    advice = router_pb2.HelpNotice(help_id="g", owner_id="ana", kind=facts_pb2.HELP_KIND_EXPERT)
    told = "\n".join(await printed(Notice(help=wanted), Notice(help=advice)))

    assert "ana asks to approve a refund of 120.00 EUR: y / n" in told
    assert "ana asks for advice: y / n" in told
