from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Desk(_message.Message):
    __slots__ = ("desk_id", "version", "topics", "queues", "authority", "agents", "limits", "mention_rules", "policy")
    DESK_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TOPICS_FIELD_NUMBER: _ClassVar[int]
    QUEUES_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    MENTION_RULES_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    desk_id: str
    version: str
    topics: _containers.RepeatedCompositeFieldContainer[Topic]
    queues: _containers.RepeatedCompositeFieldContainer[Queue]
    authority: _containers.RepeatedCompositeFieldContainer[AuthorityRule]
    agents: _containers.RepeatedCompositeFieldContainer[Agent]
    limits: DeskLimits
    mention_rules: _containers.RepeatedCompositeFieldContainer[MentionRule]
    policy: DeskPolicy
    def __init__(self, desk_id: _Optional[str] = ..., version: _Optional[str] = ..., topics: _Optional[_Iterable[_Union[Topic, _Mapping]]] = ..., queues: _Optional[_Iterable[_Union[Queue, _Mapping]]] = ..., authority: _Optional[_Iterable[_Union[AuthorityRule, _Mapping]]] = ..., agents: _Optional[_Iterable[_Union[Agent, _Mapping]]] = ..., limits: _Optional[_Union[DeskLimits, _Mapping]] = ..., mention_rules: _Optional[_Iterable[_Union[MentionRule, _Mapping]]] = ..., policy: _Optional[_Union[DeskPolicy, _Mapping]] = ...) -> None: ...

class MentionRule(_message.Message):
    __slots__ = ("kinds", "media", "languages", "topic_ids", "complaint", "asks", "stars_at_most")
    KINDS_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    TOPIC_IDS_FIELD_NUMBER: _ClassVar[int]
    COMPLAINT_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    STARS_AT_MOST_FIELD_NUMBER: _ClassVar[int]
    kinds: _containers.RepeatedScalarFieldContainer[str]
    media: _containers.RepeatedScalarFieldContainer[str]
    languages: _containers.RepeatedScalarFieldContainer[str]
    topic_ids: _containers.RepeatedScalarFieldContainer[str]
    complaint: bool
    asks: bool
    stars_at_most: float
    def __init__(self, kinds: _Optional[_Iterable[str]] = ..., media: _Optional[_Iterable[str]] = ..., languages: _Optional[_Iterable[str]] = ..., topic_ids: _Optional[_Iterable[str]] = ..., complaint: _Optional[bool] = ..., asks: _Optional[bool] = ..., stars_at_most: _Optional[float] = ...) -> None: ...

class Topic(_message.Message):
    __slots__ = ("topic_id", "resolution_prior", "handle_seconds", "level_priors", "decision_type", "falls_back_to", "complaint_level_priors")
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_PRIOR_FIELD_NUMBER: _ClassVar[int]
    HANDLE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_PRIORS_FIELD_NUMBER: _ClassVar[int]
    DECISION_TYPE_FIELD_NUMBER: _ClassVar[int]
    FALLS_BACK_TO_FIELD_NUMBER: _ClassVar[int]
    COMPLAINT_LEVEL_PRIORS_FIELD_NUMBER: _ClassVar[int]
    topic_id: str
    resolution_prior: float
    handle_seconds: float
    level_priors: _containers.RepeatedScalarFieldContainer[float]
    decision_type: str
    falls_back_to: str
    complaint_level_priors: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, topic_id: _Optional[str] = ..., resolution_prior: _Optional[float] = ..., handle_seconds: _Optional[float] = ..., level_priors: _Optional[_Iterable[float]] = ..., decision_type: _Optional[str] = ..., falls_back_to: _Optional[str] = ..., complaint_level_priors: _Optional[_Iterable[float]] = ...) -> None: ...

class Queue(_message.Message):
    __slots__ = ("queue_id", "topic_ids", "channels")
    QUEUE_ID_FIELD_NUMBER: _ClassVar[int]
    TOPIC_IDS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    queue_id: str
    topic_ids: _containers.RepeatedScalarFieldContainer[str]
    channels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, queue_id: _Optional[str] = ..., topic_ids: _Optional[_Iterable[str]] = ..., channels: _Optional[_Iterable[str]] = ...) -> None: ...

class AuthorityRule(_message.Message):
    __slots__ = ("decision_type", "currency", "limits_minor")
    DECISION_TYPE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    LIMITS_MINOR_FIELD_NUMBER: _ClassVar[int]
    decision_type: str
    currency: str
    limits_minor: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, decision_type: _Optional[str] = ..., currency: _Optional[str] = ..., limits_minor: _Optional[_Iterable[int]] = ...) -> None: ...

class Grant(_message.Message):
    __slots__ = ("decision_type", "limit_minor", "currency", "unlimited")
    DECISION_TYPE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_MINOR_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    UNLIMITED_FIELD_NUMBER: _ClassVar[int]
    decision_type: str
    limit_minor: int
    currency: str
    unlimited: bool
    def __init__(self, decision_type: _Optional[str] = ..., limit_minor: _Optional[int] = ..., currency: _Optional[str] = ..., unlimited: _Optional[bool] = ...) -> None: ...

class Agent(_message.Message):
    __slots__ = ("agent_id", "topic_ids", "languages", "grants", "capacity_units", "speed_factor", "skills")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    TOPIC_IDS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    SPEED_FACTOR_FIELD_NUMBER: _ClassVar[int]
    SKILLS_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    topic_ids: _containers.RepeatedScalarFieldContainer[str]
    languages: _containers.RepeatedScalarFieldContainer[str]
    grants: _containers.RepeatedCompositeFieldContainer[Grant]
    capacity_units: int
    speed_factor: float
    skills: _containers.RepeatedCompositeFieldContainer[Skill]
    def __init__(self, agent_id: _Optional[str] = ..., topic_ids: _Optional[_Iterable[str]] = ..., languages: _Optional[_Iterable[str]] = ..., grants: _Optional[_Iterable[_Union[Grant, _Mapping]]] = ..., capacity_units: _Optional[int] = ..., speed_factor: _Optional[float] = ..., skills: _Optional[_Iterable[_Union[Skill, _Mapping]]] = ...) -> None: ...

class Skill(_message.Message):
    __slots__ = ("topic_id", "resolution")
    TOPIC_ID_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    topic_id: str
    resolution: float
    def __init__(self, topic_id: _Optional[str] = ..., resolution: _Optional[float] = ...) -> None: ...

class DeskLimits(_message.Message):
    __slots__ = ("offer_phone_ms", "offer_other_ms", "wrap_up_phone_ms", "wrap_up_other_ms", "target_phone_ms", "target_social_ms", "target_email_ms", "due_ms", "consult_unfilled_ms", "consult_joined_ms", "handover_ms", "callback_ms", "repeat_window_ms", "lease_ms", "missed_offers_max", "retention_ms", "facts_remembered_max", "customer_silent_ms", "customer_gone_ms", "customer_reminder_ms", "customer_gone_email_ms")
    OFFER_PHONE_MS_FIELD_NUMBER: _ClassVar[int]
    OFFER_OTHER_MS_FIELD_NUMBER: _ClassVar[int]
    WRAP_UP_PHONE_MS_FIELD_NUMBER: _ClassVar[int]
    WRAP_UP_OTHER_MS_FIELD_NUMBER: _ClassVar[int]
    TARGET_PHONE_MS_FIELD_NUMBER: _ClassVar[int]
    TARGET_SOCIAL_MS_FIELD_NUMBER: _ClassVar[int]
    TARGET_EMAIL_MS_FIELD_NUMBER: _ClassVar[int]
    DUE_MS_FIELD_NUMBER: _ClassVar[int]
    CONSULT_UNFILLED_MS_FIELD_NUMBER: _ClassVar[int]
    CONSULT_JOINED_MS_FIELD_NUMBER: _ClassVar[int]
    HANDOVER_MS_FIELD_NUMBER: _ClassVar[int]
    CALLBACK_MS_FIELD_NUMBER: _ClassVar[int]
    REPEAT_WINDOW_MS_FIELD_NUMBER: _ClassVar[int]
    LEASE_MS_FIELD_NUMBER: _ClassVar[int]
    MISSED_OFFERS_MAX_FIELD_NUMBER: _ClassVar[int]
    RETENTION_MS_FIELD_NUMBER: _ClassVar[int]
    FACTS_REMEMBERED_MAX_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_SILENT_MS_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_GONE_MS_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_REMINDER_MS_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_GONE_EMAIL_MS_FIELD_NUMBER: _ClassVar[int]
    offer_phone_ms: int
    offer_other_ms: int
    wrap_up_phone_ms: int
    wrap_up_other_ms: int
    target_phone_ms: int
    target_social_ms: int
    target_email_ms: int
    due_ms: int
    consult_unfilled_ms: int
    consult_joined_ms: int
    handover_ms: int
    callback_ms: int
    repeat_window_ms: int
    lease_ms: int
    missed_offers_max: int
    retention_ms: int
    facts_remembered_max: int
    customer_silent_ms: int
    customer_gone_ms: int
    customer_reminder_ms: int
    customer_gone_email_ms: int
    def __init__(self, offer_phone_ms: _Optional[int] = ..., offer_other_ms: _Optional[int] = ..., wrap_up_phone_ms: _Optional[int] = ..., wrap_up_other_ms: _Optional[int] = ..., target_phone_ms: _Optional[int] = ..., target_social_ms: _Optional[int] = ..., target_email_ms: _Optional[int] = ..., due_ms: _Optional[int] = ..., consult_unfilled_ms: _Optional[int] = ..., consult_joined_ms: _Optional[int] = ..., handover_ms: _Optional[int] = ..., callback_ms: _Optional[int] = ..., repeat_window_ms: _Optional[int] = ..., lease_ms: _Optional[int] = ..., missed_offers_max: _Optional[int] = ..., retention_ms: _Optional[int] = ..., facts_remembered_max: _Optional[int] = ..., customer_silent_ms: _Optional[int] = ..., customer_gone_ms: _Optional[int] = ..., customer_reminder_ms: _Optional[int] = ..., customer_gone_email_ms: _Optional[int] = ...) -> None: ...

class DeskPolicy(_message.Message):
    __slots__ = ("not_resolved_cs", "weight_loyal", "weight_complaint", "weight_repeat", "weight_max", "consult_seconds", "authority_call_cs", "idle_cs", "continuity_share", "hold_phone_ms", "hold_message_ms", "hold_again_ms", "capacity_share", "left_out_cs", "price_max", "price_smoothing", "price_every_ms", "repeats_share", "backlog_seconds", "price_step", "topic_weight_min", "approver_free_first", "approver_free_step", "reserve_agents", "reserve_idle_count", "reserve_idle_share", "hop_gain", "patience_shape", "patience_scale_seconds", "preferred_phone_ms", "preferred_message_ms", "guard_targets", "urgent_share", "deferrable_cs", "deferrable_late_cs", "shift_end_factor", "strength_agent", "strength_cell", "decay_half_life_days", "exploration", "overload_share", "units_email", "units_message", "interrupt_email", "units_silent", "advised_share", "own_price_agents", "loyal_tiers")
    NOT_RESOLVED_CS_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_LOYAL_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_COMPLAINT_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_REPEAT_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_MAX_FIELD_NUMBER: _ClassVar[int]
    CONSULT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_CALL_CS_FIELD_NUMBER: _ClassVar[int]
    IDLE_CS_FIELD_NUMBER: _ClassVar[int]
    CONTINUITY_SHARE_FIELD_NUMBER: _ClassVar[int]
    HOLD_PHONE_MS_FIELD_NUMBER: _ClassVar[int]
    HOLD_MESSAGE_MS_FIELD_NUMBER: _ClassVar[int]
    HOLD_AGAIN_MS_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_SHARE_FIELD_NUMBER: _ClassVar[int]
    LEFT_OUT_CS_FIELD_NUMBER: _ClassVar[int]
    PRICE_MAX_FIELD_NUMBER: _ClassVar[int]
    PRICE_SMOOTHING_FIELD_NUMBER: _ClassVar[int]
    PRICE_EVERY_MS_FIELD_NUMBER: _ClassVar[int]
    REPEATS_SHARE_FIELD_NUMBER: _ClassVar[int]
    BACKLOG_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PRICE_STEP_FIELD_NUMBER: _ClassVar[int]
    TOPIC_WEIGHT_MIN_FIELD_NUMBER: _ClassVar[int]
    APPROVER_FREE_FIRST_FIELD_NUMBER: _ClassVar[int]
    APPROVER_FREE_STEP_FIELD_NUMBER: _ClassVar[int]
    RESERVE_AGENTS_FIELD_NUMBER: _ClassVar[int]
    RESERVE_IDLE_COUNT_FIELD_NUMBER: _ClassVar[int]
    RESERVE_IDLE_SHARE_FIELD_NUMBER: _ClassVar[int]
    HOP_GAIN_FIELD_NUMBER: _ClassVar[int]
    PATIENCE_SHAPE_FIELD_NUMBER: _ClassVar[int]
    PATIENCE_SCALE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_PHONE_MS_FIELD_NUMBER: _ClassVar[int]
    PREFERRED_MESSAGE_MS_FIELD_NUMBER: _ClassVar[int]
    GUARD_TARGETS_FIELD_NUMBER: _ClassVar[int]
    URGENT_SHARE_FIELD_NUMBER: _ClassVar[int]
    DEFERRABLE_CS_FIELD_NUMBER: _ClassVar[int]
    DEFERRABLE_LATE_CS_FIELD_NUMBER: _ClassVar[int]
    SHIFT_END_FACTOR_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_AGENT_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_CELL_FIELD_NUMBER: _ClassVar[int]
    DECAY_HALF_LIFE_DAYS_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_FIELD_NUMBER: _ClassVar[int]
    OVERLOAD_SHARE_FIELD_NUMBER: _ClassVar[int]
    UNITS_EMAIL_FIELD_NUMBER: _ClassVar[int]
    UNITS_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INTERRUPT_EMAIL_FIELD_NUMBER: _ClassVar[int]
    UNITS_SILENT_FIELD_NUMBER: _ClassVar[int]
    ADVISED_SHARE_FIELD_NUMBER: _ClassVar[int]
    OWN_PRICE_AGENTS_FIELD_NUMBER: _ClassVar[int]
    LOYAL_TIERS_FIELD_NUMBER: _ClassVar[int]
    not_resolved_cs: float
    weight_loyal: float
    weight_complaint: float
    weight_repeat: float
    weight_max: float
    consult_seconds: float
    authority_call_cs: float
    idle_cs: float
    continuity_share: float
    hold_phone_ms: int
    hold_message_ms: int
    hold_again_ms: int
    capacity_share: float
    left_out_cs: float
    price_max: float
    price_smoothing: float
    price_every_ms: int
    repeats_share: float
    backlog_seconds: float
    price_step: float
    topic_weight_min: float
    approver_free_first: float
    approver_free_step: float
    reserve_agents: int
    reserve_idle_count: int
    reserve_idle_share: float
    hop_gain: float
    patience_shape: int
    patience_scale_seconds: float
    preferred_phone_ms: int
    preferred_message_ms: int
    guard_targets: float
    urgent_share: float
    deferrable_cs: float
    deferrable_late_cs: float
    shift_end_factor: float
    strength_agent: float
    strength_cell: float
    decay_half_life_days: float
    exploration: float
    overload_share: float
    units_email: int
    units_message: int
    interrupt_email: int
    units_silent: int
    advised_share: float
    own_price_agents: int
    loyal_tiers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, not_resolved_cs: _Optional[float] = ..., weight_loyal: _Optional[float] = ..., weight_complaint: _Optional[float] = ..., weight_repeat: _Optional[float] = ..., weight_max: _Optional[float] = ..., consult_seconds: _Optional[float] = ..., authority_call_cs: _Optional[float] = ..., idle_cs: _Optional[float] = ..., continuity_share: _Optional[float] = ..., hold_phone_ms: _Optional[int] = ..., hold_message_ms: _Optional[int] = ..., hold_again_ms: _Optional[int] = ..., capacity_share: _Optional[float] = ..., left_out_cs: _Optional[float] = ..., price_max: _Optional[float] = ..., price_smoothing: _Optional[float] = ..., price_every_ms: _Optional[int] = ..., repeats_share: _Optional[float] = ..., backlog_seconds: _Optional[float] = ..., price_step: _Optional[float] = ..., topic_weight_min: _Optional[float] = ..., approver_free_first: _Optional[float] = ..., approver_free_step: _Optional[float] = ..., reserve_agents: _Optional[int] = ..., reserve_idle_count: _Optional[int] = ..., reserve_idle_share: _Optional[float] = ..., hop_gain: _Optional[float] = ..., patience_shape: _Optional[int] = ..., patience_scale_seconds: _Optional[float] = ..., preferred_phone_ms: _Optional[int] = ..., preferred_message_ms: _Optional[int] = ..., guard_targets: _Optional[float] = ..., urgent_share: _Optional[float] = ..., deferrable_cs: _Optional[float] = ..., deferrable_late_cs: _Optional[float] = ..., shift_end_factor: _Optional[float] = ..., strength_agent: _Optional[float] = ..., strength_cell: _Optional[float] = ..., decay_half_life_days: _Optional[float] = ..., exploration: _Optional[float] = ..., overload_share: _Optional[float] = ..., units_email: _Optional[int] = ..., units_message: _Optional[int] = ..., interrupt_email: _Optional[int] = ..., units_silent: _Optional[int] = ..., advised_share: _Optional[float] = ..., own_price_agents: _Optional[int] = ..., loyal_tiers: _Optional[_Iterable[str]] = ...) -> None: ...
