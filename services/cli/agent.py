"""frontdesk agent: be an agent in a terminal. Offers appear, keys answer."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from frontdesk.client import AgentDesktop, Endpoint, Refused, SessionLost
from frontdesk.v1 import decisions_pb2, facts_pb2, router_pb2
from services.cli.address import add_desk, add_endpoint, endpoint_of

KEYS = """a accept   d decline   r resolved   u unresolved   w wrap up   h ask for help   t ask for a transfer
p ask for an approval of what the customer asks for   x record that it was granted
c wait for the customer   y approve/answer help   n refuse help   b break   g ready   q quit   ? these keys"""


@dataclass
class _Hands:
    """What the agent has in hand."""

    offers: list[str] = field(default_factory=list)
    contacts: dict[str, int] = field(default_factory=dict)
    """Epochs, by contact."""
    wanted: dict[str, facts_pb2.DecisionWanted] = field(default_factory=dict)
    """The decision that each asks for, where it names one."""
    helps: list[str] = field(default_factory=list)


def main(argv: Sequence[str]) -> int:
    """Runs until q or end of input; 1 when the router cannot be reached or refuses the agent."""
    parser = argparse.ArgumentParser(
        prog="frontdesk agent",
        description="Be an agent: offers appear, keys answer (with Enter when input is not a terminal).",
        epilog=f"keys:\n{KEYS}\n\nexample:\n  frontdesk agent --address 127.0.0.1:50051 --desk acme ana",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("agent_id", help="agent of the desk's configuration")
    add_desk(parser, os.environ)
    add_endpoint(parser)
    options = parser.parse_args(argv)
    try:
        return asyncio.run(_run(endpoint_of(options, os.environ), options.desk, options.agent_id))
    except SessionLost as error:
        sys.stderr.write(f"frontdesk agent: {error}; is `frontdesk serve` running?\n")
    except Refused as error:
        sys.stderr.write(f"frontdesk agent: {error.message}\n")
    return 1


async def _run(endpoint: Endpoint, desk_id: str, agent_id: str) -> int:
    console, hands = Console(), _Hands()
    async with AgentDesktop(endpoint, desk_id, agent_id, retry_seconds=120, connect_seconds=15) as desktop:
        await desktop.send(sign_in=facts_pb2.AgentSignedIn())
        desktop.on_connection = lambda connected: console.print(
            "connected again" if connected else "[red]the router is away; trying again ...[/red]"
        )
        console.print(f"[bold]{escape(agent_id)}[/bold] at desk {escape(desk_id)}, ready.\n{KEYS}")
        showing = asyncio.create_task(_show(desktop, hands, console))
        keys: asyncio.Queue[str] = asyncio.Queue(100)
        with _keyboard(keys):
            while True:
                reading = asyncio.create_task(keys.get())
                await asyncio.wait({reading, showing}, return_when=asyncio.FIRST_COMPLETED)
                if showing.done():
                    showing.result()
                if not await _act(reading.result(), desktop, hands, console):
                    break
        showing.cancel()
        await desktop.send(
            set_presence=facts_pb2.AgentStateChanged(presence="PRESENCE_OFFLINE", reason="signed_out")
        )
    return 0


async def _show(desktop: AgentDesktop, hands: _Hands, console: Console) -> None:
    """Prints what the router tells and remembers what is in hand."""
    async for notice in desktop.notices():
        match notice.WhichOneof("message"):
            case "offer":
                hands.offers.append(notice.offer.offer_id)
                until = notice.offer.expires_at.ToDatetime().strftime("%H:%M:%S UTC")
                console.print(
                    _card(f"offer until {until}: a accept, d decline", notice.offer.contact, notice.offer.why)
                )
            case "offer_ended":
                hands.offers = [offer for offer in hands.offers if offer != notice.offer_ended.offer_id]
                console.print("the offer is no longer open")
            case "assigned":
                hands.contacts[notice.assigned.contact.contact_id] = notice.assigned.epoch
                hands.wanted[notice.assigned.contact.contact_id] = _wanted(notice.assigned.contact.need)
                console.print(
                    _card(
                        "yours: r resolved, u unresolved, h help, p approval, t transfer",
                        notice.assigned.contact,
                    )
                )
            case "help":
                hands.helps.append(notice.help.help_id)
                console.print(
                    _card(f"{notice.help.owner_id} {_asks(notice.help)}: y / n", notice.help.contact)
                )
            case "help_ended":
                hands.helps = [one for one in hands.helps if one != notice.help_ended.help_id]
                result = facts_pb2.HelpResult.Name(notice.help_ended.result)
                console.print(f"help ended: {result.removeprefix('HELP_RESULT_').lower()}")
            case "released":
                hands.contacts.pop(notice.released.contact_id, None)
                hands.wanted.pop(notice.released.contact_id, None)
                console.print(f"no longer yours: {notice.released.reason}")
            case "presence":
                presence = facts_pb2.Presence.Name(notice.presence.presence)
                words = presence.removeprefix("PRESENCE_").lower().replace("_", " ")
                reason = f" ({notice.presence.reason.replace('_', ' ')})" if notice.presence.reason else ""
                console.print(
                    f"you are {words}{reason}" + ("; g takes work again" if words == "not ready" else "")
                )
            case "continued":
                console.print("the customer wrote again")
            case "request":
                console.print(_asked(notice.request))
            case "handover_ended":
                console.print(_not_taken(notice.handover_ended.reason))


def _asks(request: router_pb2.HelpNotice) -> str:
    wanted = request.decision_wanted
    if request.kind != facts_pb2.HELP_KIND_APPROVAL:
        return "asks for advice"
    amount = f" of {wanted.amount_minor / 100:.2f} {wanted.currency}" if wanted.amount_minor else ""
    return f"asks to approve a {wanted.decision_type or 'decision'}{amount}"


def _asked(request: router_pb2.RequestNotice) -> str:
    if not request.help_id:
        return "it is offered on; yours until somebody takes it"
    kind = facts_pb2.HelpKind.Name(request.kind).removeprefix("HELP_KIND_").lower()
    return (
        f"{kind}: {request.adviser_id} is on it" if request.adviser_id else f"{kind}: asked for, nobody yet"
    )


def _not_taken(reason: str) -> str:
    """What became of a contact that was handed over; "" is the library's, which knows that it is in hand and no more."""
    return {
        "": "it is offered on no more: it is yours still",
        "unfilled": "nobody took it over: it is yours still",
        "customer_left": "the customer left before anybody took it over: it is yours still",
        "agent_gone": "you went away before anybody took it over: it waits for anybody",
    }.get(reason, f"nobody took it over: {reason}")


def _card(title: str, card: router_pb2.ContactCard, why: str = "") -> Panel:
    topics = ", ".join(f"{topic.topic_id} {topic.weight:.2f}" for topic in card.need.topics) or "unknown"
    need = f"{card.need.decision_type} " if card.need.decision_type else ""
    amount = f"{card.need.amount_minor / 100:.2f} {card.need.currency}" if card.need.amount_minor else ""
    marks = " ".join(word for word, on in (("complaint", card.complaint), ("repeat", card.repeat)) if on)
    marks += " public" if card.public else ""
    lines = [
        f"{card.medium} · {card.language or 'language unknown'} · {card.customer_name or 'name unknown'} {marks}",
        _whom(card),
        f"about: {topics}" + (f"   asks for: {need}{amount}" if need else ""),
    ]
    lines = [line for line in lines if line]
    lines += [part for part in (card.subject, card.text, f"why you: {why}" if why else "") if part]
    shown = Text(_plain("\n".join(lines)))  # no markup: a customer may write [/red]
    return Panel(shown, title=Text(title), subtitle=Text(_plain(card.contact_id)))


def _plain(text: str) -> str:
    """Without what would steer the terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)


async def _act(key: str, desktop: AgentDesktop, hands: _Hands, console: Console) -> bool:
    """Does what a key says; False ends the session."""
    if key == "q":
        return False
    response = await _command(key, desktop, hands)
    if response is None:
        console.print(KEYS if key == "?" else f"nothing in hand for {key!r} now; ? shows the keys")
    elif not response.reply.accepted:
        console.print(f"[yellow]not done: {escape(response.reply.detail or response.reply.reason)}[/yellow]")
    return True


async def _command(key: str, desktop: AgentDesktop, hands: _Hands) -> router_pb2.CommandResponse | None:
    if key in "ad" and hands.offers:
        offer_id = hands.offers.pop(0)
        return await (desktop.accept(offer_id) if key == "a" else desktop.decline(offer_id))
    if key in "yn" and hands.helps:
        result = "HELP_RESULT_GRANTED" if key == "y" else "HELP_RESULT_REFUSED"
        return await desktop.send(
            answer_help=facts_pb2.HelpAnswered(help_id=hands.helps.pop(0), result=result)
        )
    if key in "bg":
        presence = "PRESENCE_BREAK" if key == "b" else "PRESENCE_AVAILABLE"
        return await desktop.send(set_presence=facts_pb2.AgentStateChanged(presence=presence))
    if key in "ruwhtcpx" and hands.contacts:
        contact_id, epoch = next(iter(hands.contacts.items()))
        if key in "px":
            return await _decide(key, desktop, contact_id, epoch, hands.wanted[contact_id])
        return await _about(key, desktop, contact_id, epoch)
    return None


def _wanted(need: decisions_pb2.Need) -> facts_pb2.DecisionWanted:
    return facts_pb2.DecisionWanted(
        decision_type=need.decision_type, amount_minor=need.amount_minor, currency=need.currency
    )


async def _decide(
    key: str, desktop: AgentDesktop, contact_id: str, epoch: int, wanted: facts_pb2.DecisionWanted
) -> router_pb2.CommandResponse | None:
    """About the decision that the oldest contact in hand asks for; None where it names none."""
    if not wanted.decision_type:
        return None
    if key == "x":
        used = facts_pb2.AuthorityUsed(contact_id=contact_id, epoch=epoch, decision=wanted)
        return await desktop.send(use_authority=used)
    asked = facts_pb2.HelpAsked(
        contact_id=contact_id, epoch=epoch, kind="HELP_KIND_APPROVAL", decision_wanted=wanted
    )
    return await desktop.send(ask_help=asked)


async def _about(key: str, desktop: AgentDesktop, contact_id: str, epoch: int) -> router_pb2.CommandResponse:
    """A command about the oldest contact in hand."""
    if key in "ru":
        outcome = "OUTCOME_RESOLVED" if key == "r" else "OUTCOME_UNRESOLVED"
        return await desktop.resolve(contact_id, epoch, outcome)
    if key == "w":
        ended = facts_pb2.ConversationEnded(contact_id=contact_id, epoch=epoch)
        return await desktop.send(end_conversation=ended)
    if key == "c":
        waiting = facts_pb2.CustomerAsked(contact_id=contact_id, epoch=epoch)
        return await desktop.send(ask_customer=waiting)
    if key == "h":
        asked = facts_pb2.HelpAsked(contact_id=contact_id, epoch=epoch, kind="HELP_KIND_EXPERT")
        return await desktop.send(ask_help=asked)
    transfer = facts_pb2.TransferAsked(contact_id=contact_id, epoch=epoch, reason="TRANSFER_REASON_STUCK")
    return await desktop.send(ask_transfer=transfer)


class _keyboard:
    """Puts keys into a queue: single keys from a terminal, first letters of lines otherwise."""

    def __init__(self, keys: asyncio.Queue[str]) -> None:
        self._keys = keys
        self._restore: Callable[[], None] = lambda: None

    def __enter__(self) -> None:
        if sys.stdin.isatty():
            import termios
            import tty

            before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
            self._restore = lambda: termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        asyncio.get_running_loop().add_reader(sys.stdin, self._read)

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin)
        self._restore()

    def _read(self) -> None:
        text = sys.stdin.read(1) if sys.stdin.isatty() else sys.stdin.readline()
        if not text:
            asyncio.get_running_loop().remove_reader(sys.stdin)
            text = "q"
        if text.strip() and not self._keys.full():
            self._keys.put_nowait(text.strip()[0])


def _whom(card: router_pb2.ContactCard) -> str:
    """Whom to answer, from what of ours; empty when neither is known."""
    parts = (("from", card.customer.value), ("to", card.account), ("reference", card.reference))
    return " ".join(f"{word} {value}" for word, value in parts if value)
