"""Agents' commands as the facts that they become."""

from __future__ import annotations

from typing import Any

from frontdesk.v1 import router_pb2
from services.contract import facts
from services.contract.codec import from_message
from services.router.serving.commands import Command
from services.runtime.rpc import invalid

_COMMANDS: dict[str, type[Any]] = {
    "sign_in": facts.AgentSignedIn,
    "set_presence": facts.AgentStateChanged,
    "answer_offer": facts.OfferAnswered,
    "ask_help": facts.HelpAsked,
    "answer_help": facts.HelpAnswered,
    "ask_transfer": facts.TransferAsked,
    "use_authority": facts.AuthorityUsed,
    "end_conversation": facts.ConversationEnded,
    "resolve": facts.ContactResolved,
    "ask_customer": facts.CustomerAsked,
}


def command_of(message: router_pb2.AgentCommand, agent_id: str) -> Command:
    """The fact body of an agent's command; the agent is the session's, whatever the message says."""
    name = message.WhichOneof("command")
    if name is None:
        raise invalid({"command": "is required"})
    body = getattr(message, name)
    body.agent_id = agent_id
    command: Command = from_message(body, _COMMANDS[name])
    return command
