"""frontdesk agent: what it prints of what the router tells."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import cast

import pytest
from rich.console import Console

from frontdesk.client import AgentDesktop
from frontdesk.v1 import decisions_pb2, router_pb2
from services.cli.agent import _Hands, _show

Notice = router_pb2.AgentSessionResponse


class FakeDesktop:
    """Tells these notices and ends."""

    def __init__(self, *notices: Notice) -> None:
        self._notices = notices

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
