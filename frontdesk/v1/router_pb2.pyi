import datetime

from frontdesk.v1 import decisions_pb2 as _decisions_pb2
from frontdesk.v1 import desk_pb2 as _desk_pb2
from frontdesk.v1 import facts_pb2 as _facts_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ContactState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTACT_STATE_UNSPECIFIED: _ClassVar[ContactState]
    CONTACT_STATE_QUEUED: _ClassVar[ContactState]
    CONTACT_STATE_OFFERED: _ClassVar[ContactState]
    CONTACT_STATE_ASSIGNED: _ClassVar[ContactState]
    CONTACT_STATE_CONSULTING: _ClassVar[ContactState]
    CONTACT_STATE_AWAITING_APPROVAL: _ClassVar[ContactState]
    CONTACT_STATE_HANDING_OVER: _ClassVar[ContactState]
    CONTACT_STATE_PROMISED: _ClassVar[ContactState]
    CONTACT_STATE_WRAPPING: _ClassVar[ContactState]
    CONTACT_STATE_CLOSED: _ClassVar[ContactState]
    CONTACT_STATE_AWAITING_CUSTOMER: _ClassVar[ContactState]
CONTACT_STATE_UNSPECIFIED: ContactState
CONTACT_STATE_QUEUED: ContactState
CONTACT_STATE_OFFERED: ContactState
CONTACT_STATE_ASSIGNED: ContactState
CONTACT_STATE_CONSULTING: ContactState
CONTACT_STATE_AWAITING_APPROVAL: ContactState
CONTACT_STATE_HANDING_OVER: ContactState
CONTACT_STATE_PROMISED: ContactState
CONTACT_STATE_WRAPPING: ContactState
CONTACT_STATE_CLOSED: ContactState
CONTACT_STATE_AWAITING_CUSTOMER: ContactState

class Position(_message.Message):
    __slots__ = ("generation", "partition", "offset", "index")
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    generation: int
    partition: int
    offset: int
    index: int
    def __init__(self, generation: _Optional[int] = ..., partition: _Optional[int] = ..., offset: _Optional[int] = ..., index: _Optional[int] = ...) -> None: ...

class AgentCommand(_message.Message):
    __slots__ = ("command_id", "sign_in", "set_presence", "answer_offer", "ask_help", "answer_help", "ask_transfer", "use_authority", "end_conversation", "resolve", "ask_customer")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    SIGN_IN_FIELD_NUMBER: _ClassVar[int]
    SET_PRESENCE_FIELD_NUMBER: _ClassVar[int]
    ANSWER_OFFER_FIELD_NUMBER: _ClassVar[int]
    ASK_HELP_FIELD_NUMBER: _ClassVar[int]
    ANSWER_HELP_FIELD_NUMBER: _ClassVar[int]
    ASK_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    USE_AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    END_CONVERSATION_FIELD_NUMBER: _ClassVar[int]
    RESOLVE_FIELD_NUMBER: _ClassVar[int]
    ASK_CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    sign_in: _facts_pb2.AgentSignedIn
    set_presence: _facts_pb2.AgentStateChanged
    answer_offer: _facts_pb2.OfferAnswered
    ask_help: _facts_pb2.HelpAsked
    answer_help: _facts_pb2.HelpAnswered
    ask_transfer: _facts_pb2.TransferAsked
    use_authority: _facts_pb2.AuthorityUsed
    end_conversation: _facts_pb2.ConversationEnded
    resolve: _facts_pb2.ContactResolved
    ask_customer: _facts_pb2.CustomerAsked
    def __init__(self, command_id: _Optional[str] = ..., sign_in: _Optional[_Union[_facts_pb2.AgentSignedIn, _Mapping]] = ..., set_presence: _Optional[_Union[_facts_pb2.AgentStateChanged, _Mapping]] = ..., answer_offer: _Optional[_Union[_facts_pb2.OfferAnswered, _Mapping]] = ..., ask_help: _Optional[_Union[_facts_pb2.HelpAsked, _Mapping]] = ..., answer_help: _Optional[_Union[_facts_pb2.HelpAnswered, _Mapping]] = ..., ask_transfer: _Optional[_Union[_facts_pb2.TransferAsked, _Mapping]] = ..., use_authority: _Optional[_Union[_facts_pb2.AuthorityUsed, _Mapping]] = ..., end_conversation: _Optional[_Union[_facts_pb2.ConversationEnded, _Mapping]] = ..., resolve: _Optional[_Union[_facts_pb2.ContactResolved, _Mapping]] = ..., ask_customer: _Optional[_Union[_facts_pb2.CustomerAsked, _Mapping]] = ...) -> None: ...

class AgentSessionRequest(_message.Message):
    __slots__ = ("hello", "command")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    hello: SessionHello
    command: AgentCommand
    def __init__(self, hello: _Optional[_Union[SessionHello, _Mapping]] = ..., command: _Optional[_Union[AgentCommand, _Mapping]] = ...) -> None: ...

class SessionHello(_message.Message):
    __slots__ = ("desk_id", "agent_id", "resume_after", "open_help_ids", "open_handover_ids")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    RESUME_AFTER_FIELD_NUMBER: _ClassVar[int]
    OPEN_HELP_IDS_FIELD_NUMBER: _ClassVar[int]
    OPEN_HANDOVER_IDS_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    agent_id: str
    resume_after: Position
    open_help_ids: _containers.RepeatedScalarFieldContainer[str]
    open_handover_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, desk_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., resume_after: _Optional[_Union[Position, _Mapping]] = ..., open_help_ids: _Optional[_Iterable[str]] = ..., open_handover_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class AgentSessionResponse(_message.Message):
    __slots__ = ("position", "offer", "offer_ended", "assigned", "help", "help_ended", "released", "presence", "reply", "ready", "continued", "request", "handover_ended")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    OFFER_ENDED_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_FIELD_NUMBER: _ClassVar[int]
    HELP_FIELD_NUMBER: _ClassVar[int]
    HELP_ENDED_FIELD_NUMBER: _ClassVar[int]
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    CONTINUED_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    HANDOVER_ENDED_FIELD_NUMBER: _ClassVar[int]
    position: Position
    offer: OfferNotice
    offer_ended: _decisions_pb2.OfferEnded
    assigned: AssignmentNotice
    help: HelpNotice
    help_ended: _decisions_pb2.ConsultEnded
    released: ReleasedNotice
    presence: _decisions_pb2.AgentPresenceChanged
    reply: CommandResponse
    ready: SessionReady
    continued: _decisions_pb2.ContactContinued
    request: RequestNotice
    handover_ended: _decisions_pb2.HandoverEnded
    def __init__(self, position: _Optional[_Union[Position, _Mapping]] = ..., offer: _Optional[_Union[OfferNotice, _Mapping]] = ..., offer_ended: _Optional[_Union[_decisions_pb2.OfferEnded, _Mapping]] = ..., assigned: _Optional[_Union[AssignmentNotice, _Mapping]] = ..., help: _Optional[_Union[HelpNotice, _Mapping]] = ..., help_ended: _Optional[_Union[_decisions_pb2.ConsultEnded, _Mapping]] = ..., released: _Optional[_Union[ReleasedNotice, _Mapping]] = ..., presence: _Optional[_Union[_decisions_pb2.AgentPresenceChanged, _Mapping]] = ..., reply: _Optional[_Union[CommandResponse, _Mapping]] = ..., ready: _Optional[_Union[SessionReady, _Mapping]] = ..., continued: _Optional[_Union[_decisions_pb2.ContactContinued, _Mapping]] = ..., request: _Optional[_Union[RequestNotice, _Mapping]] = ..., handover_ended: _Optional[_Union[_decisions_pb2.HandoverEnded, _Mapping]] = ...) -> None: ...

class SessionReady(_message.Message):
    __slots__ = ("told_whole", "ends_known_after")
    TOLD_WHOLE_FIELD_NUMBER: _ClassVar[int]
    ENDS_KNOWN_AFTER_FIELD_NUMBER: _ClassVar[int]
    told_whole: bool
    ends_known_after: Position
    def __init__(self, told_whole: _Optional[bool] = ..., ends_known_after: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class RequestNotice(_message.Message):
    __slots__ = ("help_id", "contact_id", "kind", "decision_wanted", "adviser_id", "transfer_reason")
    HELP_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DECISION_WANTED_FIELD_NUMBER: _ClassVar[int]
    ADVISER_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_REASON_FIELD_NUMBER: _ClassVar[int]
    help_id: str
    contact_id: str
    kind: _facts_pb2.HelpKind
    decision_wanted: _facts_pb2.DecisionWanted
    adviser_id: str
    transfer_reason: _facts_pb2.TransferReason
    def __init__(self, help_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., kind: _Optional[_Union[_facts_pb2.HelpKind, str]] = ..., decision_wanted: _Optional[_Union[_facts_pb2.DecisionWanted, _Mapping]] = ..., adviser_id: _Optional[str] = ..., transfer_reason: _Optional[_Union[_facts_pb2.TransferReason, str]] = ...) -> None: ...

class OfferNotice(_message.Message):
    __slots__ = ("offer_id", "contact", "expires_at", "why")
    OFFER_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    offer_id: str
    contact: ContactCard
    expires_at: _timestamp_pb2.Timestamp
    why: str
    def __init__(self, offer_id: _Optional[str] = ..., contact: _Optional[_Union[ContactCard, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., why: _Optional[str] = ...) -> None: ...

class AssignmentNotice(_message.Message):
    __slots__ = ("contact", "epoch")
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    contact: ContactCard
    epoch: int
    def __init__(self, contact: _Optional[_Union[ContactCard, _Mapping]] = ..., epoch: _Optional[int] = ...) -> None: ...

class HelpNotice(_message.Message):
    __slots__ = ("help_id", "contact", "kind", "decision_wanted", "owner_id")
    HELP_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DECISION_WANTED_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    help_id: str
    contact: ContactCard
    kind: _facts_pb2.HelpKind
    decision_wanted: _facts_pb2.DecisionWanted
    owner_id: str
    def __init__(self, help_id: _Optional[str] = ..., contact: _Optional[_Union[ContactCard, _Mapping]] = ..., kind: _Optional[_Union[_facts_pb2.HelpKind, str]] = ..., decision_wanted: _Optional[_Union[_facts_pb2.DecisionWanted, _Mapping]] = ..., owner_id: _Optional[str] = ...) -> None: ...

class ReleasedNotice(_message.Message):
    __slots__ = ("contact_id", "reason")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    reason: str
    def __init__(self, contact_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ContactCard(_message.Message):
    __slots__ = ("contact_id", "case_id", "channel", "medium", "language", "need", "customer_name", "subject", "text", "arrived_at", "complaint", "repeat", "customer_links", "question", "customer", "account", "thread_id", "provider_event_id", "reference", "public", "opted_out", "attachment_count")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    NEED_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_NAME_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ARRIVED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLAINT_FIELD_NUMBER: _ClassVar[int]
    REPEAT_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_LINKS_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    THREAD_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_FIELD_NUMBER: _ClassVar[int]
    OPTED_OUT_FIELD_NUMBER: _ClassVar[int]
    ATTACHMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    case_id: str
    channel: _facts_pb2.Channel
    medium: str
    language: str
    need: _decisions_pb2.Need
    customer_name: str
    subject: str
    text: str
    arrived_at: _timestamp_pb2.Timestamp
    complaint: bool
    repeat: bool
    customer_links: _containers.RepeatedCompositeFieldContainer[CustomerLink]
    question: str
    customer: _facts_pb2.CustomerRef
    account: str
    thread_id: str
    provider_event_id: str
    reference: str
    public: bool
    opted_out: bool
    attachment_count: int
    def __init__(self, contact_id: _Optional[str] = ..., case_id: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., medium: _Optional[str] = ..., language: _Optional[str] = ..., need: _Optional[_Union[_decisions_pb2.Need, _Mapping]] = ..., customer_name: _Optional[str] = ..., subject: _Optional[str] = ..., text: _Optional[str] = ..., arrived_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., complaint: _Optional[bool] = ..., repeat: _Optional[bool] = ..., customer_links: _Optional[_Iterable[_Union[CustomerLink, _Mapping]]] = ..., question: _Optional[str] = ..., customer: _Optional[_Union[_facts_pb2.CustomerRef, _Mapping]] = ..., account: _Optional[str] = ..., thread_id: _Optional[str] = ..., provider_event_id: _Optional[str] = ..., reference: _Optional[str] = ..., public: _Optional[bool] = ..., opted_out: _Optional[bool] = ..., attachment_count: _Optional[int] = ...) -> None: ...

class CustomerLink(_message.Message):
    __slots__ = ("link_id", "identity", "strength", "statement", "case_ids")
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    CASE_IDS_FIELD_NUMBER: _ClassVar[int]
    link_id: str
    identity: _decisions_pb2.IdentityKey
    strength: _facts_pb2.LinkStrength
    statement: str
    case_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, link_id: _Optional[str] = ..., identity: _Optional[_Union[_decisions_pb2.IdentityKey, _Mapping]] = ..., strength: _Optional[_Union[_facts_pb2.LinkStrength, str]] = ..., statement: _Optional[str] = ..., case_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class LinkCustomersRequest(_message.Message):
    __slots__ = ("command_id", "desk_id", "agent_id", "contact_id", "other_contact_id")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    OTHER_CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    desk_id: str
    agent_id: str
    contact_id: str
    other_contact_id: str
    def __init__(self, command_id: _Optional[str] = ..., desk_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., other_contact_id: _Optional[str] = ...) -> None: ...

class UnlinkCustomersRequest(_message.Message):
    __slots__ = ("command_id", "desk_id", "agent_id", "link_id")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    LINK_ID_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    desk_id: str
    agent_id: str
    link_id: str
    def __init__(self, command_id: _Optional[str] = ..., desk_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., link_id: _Optional[str] = ...) -> None: ...

class CommandRequest(_message.Message):
    __slots__ = ("desk_id", "agent_id", "command")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    agent_id: str
    command: AgentCommand
    def __init__(self, desk_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., command: _Optional[_Union[AgentCommand, _Mapping]] = ...) -> None: ...

class CommandResponse(_message.Message):
    __slots__ = ("command_id", "reply", "position")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    reply: _decisions_pb2.Reply
    position: Position
    def __init__(self, command_id: _Optional[str] = ..., reply: _Optional[_Union[_decisions_pb2.Reply, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class GetContactRequest(_message.Message):
    __slots__ = ("desk_id", "contact_id", "min_position")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    contact_id: str
    min_position: Position
    def __init__(self, desk_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., min_position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class GetContactResponse(_message.Message):
    __slots__ = ("contact_id", "case_id", "state", "owner_id", "offered_to_id", "prior_agent_ids", "transfers", "epoch", "outcome", "arrived_at", "deadline_at", "channel", "queue_id", "need", "position", "customer_links")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    OFFERED_TO_ID_FIELD_NUMBER: _ClassVar[int]
    PRIOR_AGENT_IDS_FIELD_NUMBER: _ClassVar[int]
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ARRIVED_AT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    NEED_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_LINKS_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    case_id: str
    state: ContactState
    owner_id: str
    offered_to_id: str
    prior_agent_ids: _containers.RepeatedScalarFieldContainer[str]
    transfers: int
    epoch: int
    outcome: _facts_pb2.Outcome
    arrived_at: _timestamp_pb2.Timestamp
    deadline_at: _timestamp_pb2.Timestamp
    channel: _facts_pb2.Channel
    queue_id: str
    need: _decisions_pb2.Need
    position: Position
    customer_links: _containers.RepeatedCompositeFieldContainer[CustomerLink]
    def __init__(self, contact_id: _Optional[str] = ..., case_id: _Optional[str] = ..., state: _Optional[_Union[ContactState, str]] = ..., owner_id: _Optional[str] = ..., offered_to_id: _Optional[str] = ..., prior_agent_ids: _Optional[_Iterable[str]] = ..., transfers: _Optional[int] = ..., epoch: _Optional[int] = ..., outcome: _Optional[_Union[_facts_pb2.Outcome, str]] = ..., arrived_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., queue_id: _Optional[str] = ..., need: _Optional[_Union[_decisions_pb2.Need, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., customer_links: _Optional[_Iterable[_Union[CustomerLink, _Mapping]]] = ...) -> None: ...

class GetAgentRequest(_message.Message):
    __slots__ = ("desk_id", "agent_id", "min_position")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    agent_id: str
    min_position: Position
    def __init__(self, desk_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., min_position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class GetAgentResponse(_message.Message):
    __slots__ = ("presence", "offers", "assigned", "helps", "position", "requests")
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_FIELD_NUMBER: _ClassVar[int]
    HELPS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    presence: _decisions_pb2.AgentPresenceChanged
    offers: _containers.RepeatedCompositeFieldContainer[OfferNotice]
    assigned: _containers.RepeatedCompositeFieldContainer[AssignmentNotice]
    helps: _containers.RepeatedCompositeFieldContainer[HelpNotice]
    position: Position
    requests: _containers.RepeatedCompositeFieldContainer[RequestNotice]
    def __init__(self, presence: _Optional[_Union[_decisions_pb2.AgentPresenceChanged, _Mapping]] = ..., offers: _Optional[_Iterable[_Union[OfferNotice, _Mapping]]] = ..., assigned: _Optional[_Iterable[_Union[AssignmentNotice, _Mapping]]] = ..., helps: _Optional[_Iterable[_Union[HelpNotice, _Mapping]]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., requests: _Optional[_Iterable[_Union[RequestNotice, _Mapping]]] = ...) -> None: ...

class GetCaseRequest(_message.Message):
    __slots__ = ("desk_id", "case_id", "min_position")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    case_id: str
    min_position: Position
    def __init__(self, desk_id: _Optional[str] = ..., case_id: _Optional[str] = ..., min_position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class GetCaseResponse(_message.Message):
    __slots__ = ("case_id", "topic_id", "open_contact_ids", "first_contact_id", "agent_id", "opened_at", "resolved_at", "closed_at", "repeat_window_ends_at", "returned", "customer_links", "position")
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    OPEN_CONTACT_IDS_FIELD_NUMBER: _ClassVar[int]
    FIRST_CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    OPENED_AT_FIELD_NUMBER: _ClassVar[int]
    RESOLVED_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    REPEAT_WINDOW_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    RETURNED_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_LINKS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    case_id: str
    topic_id: str
    open_contact_ids: _containers.RepeatedScalarFieldContainer[str]
    first_contact_id: str
    agent_id: str
    opened_at: _timestamp_pb2.Timestamp
    resolved_at: _timestamp_pb2.Timestamp
    closed_at: _timestamp_pb2.Timestamp
    repeat_window_ends_at: _timestamp_pb2.Timestamp
    returned: bool
    customer_links: _containers.RepeatedCompositeFieldContainer[CustomerLink]
    position: Position
    def __init__(self, case_id: _Optional[str] = ..., topic_id: _Optional[str] = ..., open_contact_ids: _Optional[_Iterable[str]] = ..., first_contact_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., opened_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resolved_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., repeat_window_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., returned: _Optional[bool] = ..., customer_links: _Optional[_Iterable[_Union[CustomerLink, _Mapping]]] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class EstimateWaitRequest(_message.Message):
    __slots__ = ("desk_id", "contact_id", "channel", "medium", "topic_id", "language", "min_position")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    MEDIUM_FIELD_NUMBER: _ClassVar[int]
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    contact_id: str
    channel: _facts_pb2.Channel
    medium: str
    topic_id: str
    language: str
    min_position: Position
    def __init__(self, desk_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., medium: _Optional[str] = ..., topic_id: _Optional[str] = ..., language: _Optional[str] = ..., min_position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class EstimateWaitResponse(_message.Message):
    __slots__ = ("expected_wait", "waiting_ahead", "agents_available", "agents_free", "position")
    EXPECTED_WAIT_FIELD_NUMBER: _ClassVar[int]
    WAITING_AHEAD_FIELD_NUMBER: _ClassVar[int]
    AGENTS_AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FREE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    expected_wait: _duration_pb2.Duration
    waiting_ahead: float
    agents_available: int
    agents_free: int
    position: Position
    def __init__(self, expected_wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., waiting_ahead: _Optional[float] = ..., agents_available: _Optional[int] = ..., agents_free: _Optional[int] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class ListWaitingRequest(_message.Message):
    __slots__ = ("desk_id", "page_size", "page_token", "min_position")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    page_size: int
    page_token: str
    min_position: Position
    def __init__(self, desk_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class ListWaitingResponse(_message.Message):
    __slots__ = ("contacts", "next_page_token", "total_size", "position")
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    contacts: _containers.RepeatedCompositeFieldContainer[WaitingContact]
    next_page_token: str
    total_size: int
    position: Position
    def __init__(self, contacts: _Optional[_Iterable[_Union[WaitingContact, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class WaitingContact(_message.Message):
    __slots__ = ("contact_id", "queue_id", "channel", "arrived_at", "reason", "language")
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    ARRIVED_AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    contact_id: str
    queue_id: str
    channel: _facts_pb2.Channel
    arrived_at: _timestamp_pb2.Timestamp
    reason: _decisions_pb2.WaitingReason
    language: str
    def __init__(self, contact_id: _Optional[str] = ..., queue_id: _Optional[str] = ..., channel: _Optional[_Union[_facts_pb2.Channel, str]] = ..., arrived_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[_Union[_decisions_pb2.WaitingReason, str]] = ..., language: _Optional[str] = ...) -> None: ...

class ListAgentsRequest(_message.Message):
    __slots__ = ("desk_id", "page_size", "page_token", "min_position", "at_work")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    AT_WORK_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    page_size: int
    page_token: str
    min_position: Position
    at_work: bool
    def __init__(self, desk_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[Position, _Mapping]] = ..., at_work: _Optional[bool] = ...) -> None: ...

class ListAgentsResponse(_message.Message):
    __slots__ = ("agents", "next_page_token", "total_size", "position")
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    agents: _containers.RepeatedCompositeFieldContainer[AgentAtWork]
    next_page_token: str
    total_size: int
    position: Position
    def __init__(self, agents: _Optional[_Iterable[_Union[AgentAtWork, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class AgentAtWork(_message.Message):
    __slots__ = ("agent_id", "presence", "used_units", "capacity_units", "contact_ids", "offered_contact_ids", "helped_contact_ids", "missed_offers", "idle_since", "shift_ends_at")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    USED_UNITS_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    CONTACT_IDS_FIELD_NUMBER: _ClassVar[int]
    OFFERED_CONTACT_IDS_FIELD_NUMBER: _ClassVar[int]
    HELPED_CONTACT_IDS_FIELD_NUMBER: _ClassVar[int]
    MISSED_OFFERS_FIELD_NUMBER: _ClassVar[int]
    IDLE_SINCE_FIELD_NUMBER: _ClassVar[int]
    SHIFT_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    presence: _facts_pb2.Presence
    used_units: int
    capacity_units: int
    contact_ids: _containers.RepeatedScalarFieldContainer[str]
    offered_contact_ids: _containers.RepeatedScalarFieldContainer[str]
    helped_contact_ids: _containers.RepeatedScalarFieldContainer[str]
    missed_offers: int
    idle_since: _timestamp_pb2.Timestamp
    shift_ends_at: _timestamp_pb2.Timestamp
    def __init__(self, agent_id: _Optional[str] = ..., presence: _Optional[_Union[_facts_pb2.Presence, str]] = ..., used_units: _Optional[int] = ..., capacity_units: _Optional[int] = ..., contact_ids: _Optional[_Iterable[str]] = ..., offered_contact_ids: _Optional[_Iterable[str]] = ..., helped_contact_ids: _Optional[_Iterable[str]] = ..., missed_offers: _Optional[int] = ..., idle_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., shift_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExplainDecisionRequest(_message.Message):
    __slots__ = ("desk_id", "contact_id", "min_position")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    CONTACT_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    contact_id: str
    min_position: Position
    def __init__(self, desk_id: _Optional[str] = ..., contact_id: _Optional[str] = ..., min_position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class ExplainDecisionResponse(_message.Message):
    __slots__ = ("steps", "position")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    steps: _containers.RepeatedCompositeFieldContainer[ExplainedStep]
    position: Position
    def __init__(self, steps: _Optional[_Iterable[_Union[ExplainedStep, _Mapping]]] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class ExplainedStep(_message.Message):
    __slots__ = ("position", "decided_at", "summary", "explanation")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DECIDED_AT_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    position: Position
    decided_at: _timestamp_pb2.Timestamp
    summary: str
    explanation: _decisions_pb2.Explanation
    def __init__(self, position: _Optional[_Union[Position, _Mapping]] = ..., decided_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., summary: _Optional[str] = ..., explanation: _Optional[_Union[_decisions_pb2.Explanation, _Mapping]] = ...) -> None: ...

class WatchDecisionsRequest(_message.Message):
    __slots__ = ("desk_id", "resume_after")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    RESUME_AFTER_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    resume_after: Position
    def __init__(self, desk_id: _Optional[str] = ..., resume_after: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class WatchDecisionsResponse(_message.Message):
    __slots__ = ("position", "decision")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    position: Position
    decision: _decisions_pb2.Decision
    def __init__(self, position: _Optional[_Union[Position, _Mapping]] = ..., decision: _Optional[_Union[_decisions_pb2.Decision, _Mapping]] = ...) -> None: ...

class GetDeskRequest(_message.Message):
    __slots__ = ("desk_id", "min_position")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    min_position: Position
    def __init__(self, desk_id: _Optional[str] = ..., min_position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class GetDeskResponse(_message.Message):
    __slots__ = ("desk", "position")
    DESK_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    desk: _desk_pb2.Desk
    position: Position
    def __init__(self, desk: _Optional[_Union[_desk_pb2.Desk, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class ConfigureDeskRequest(_message.Message):
    __slots__ = ("command_id", "desk")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    DESK_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    desk: _desk_pb2.Desk
    def __init__(self, command_id: _Optional[str] = ..., desk: _Optional[_Union[_desk_pb2.Desk, _Mapping]] = ...) -> None: ...

class ConfigureDeskResponse(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: Position
    def __init__(self, position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class LinkCustomersResponse(_message.Message):
    __slots__ = ("command_id", "reply", "position")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    reply: _decisions_pb2.Reply
    position: Position
    def __init__(self, command_id: _Optional[str] = ..., reply: _Optional[_Union[_decisions_pb2.Reply, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class UnlinkCustomersResponse(_message.Message):
    __slots__ = ("command_id", "reply", "position")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    reply: _decisions_pb2.Reply
    position: Position
    def __init__(self, command_id: _Optional[str] = ..., reply: _Optional[_Union[_decisions_pb2.Reply, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class SetForecastRequest(_message.Message):
    __slots__ = ("command_id", "desk_id", "forecast")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    FORECAST_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    desk_id: str
    forecast: _facts_pb2.ForecastSet
    def __init__(self, command_id: _Optional[str] = ..., desk_id: _Optional[str] = ..., forecast: _Optional[_Union[_facts_pb2.ForecastSet, _Mapping]] = ...) -> None: ...

class SetForecastResponse(_message.Message):
    __slots__ = ("command_id", "reply", "position")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    reply: _decisions_pb2.Reply
    position: Position
    def __init__(self, command_id: _Optional[str] = ..., reply: _Optional[_Union[_decisions_pb2.Reply, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...
