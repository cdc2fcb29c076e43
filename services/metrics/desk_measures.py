"""Measures of the desk around its contacts: satisfaction, complaints, messages, topics, people's time (operations.md 1.2)."""

from __future__ import annotations

from services.metrics.measure import OTHER, RESPONSE_BOUNDS, SURVEY_BOUNDS, Label, counter, histogram

SCORES = ("1", "2", "3", "4", "5")
OUTBOUND_KINDS = (
    "ack",
    "answer",
    "update",
    "revised_time",
    "wait_notice",
    "reminder",
    "callback_offer",
    "followup",
    "thanks",
    "survey",
    "proactive",
    "goodwill",
    OTHER,
)
UPDATE_KINDS = ("ack", "callback_offer", "reminder", "update", "revised_time", OTHER)
"""What a customer is to be told at a moment that the router names."""
UPDATE_MS_MAX = 300_000
"""An update sent within this long of being due is on time."""
AGENT_STATES = ("contact", "wrapup", "idle", "ringing", "break", "not_ready", "ending")
"""Where an agent at work stands: at most one at a time, the busiest first; offline is no state at work."""

_PUBLIC = Label("public", ("true", "false"), ("true", "false"))

SURVEYS_SENT = counter(
    "surveys_sent",
    "Surveys that went out to customers.",
    "At OutboundNoted with kind survey.",
    "Response rate = survey_responses / surveys_sent.",
)
SURVEY_RESPONSES = counter(
    "survey_responses",
    "Surveys that customers answered, by score from 1 to 5.",
    "At SurveyNoted; labels are those of the contact asked about, while it is remembered.",
    "Customer satisfaction = score 4 and 5 / all, against its own baseline.",
    Label("score", SCORES, SCORES),
)
SURVEY_DELAY = histogram(
    "survey_delay_seconds",
    "Time from the closing of a contact's case to the customer's answer to a survey, in seconds.",
    "At SurveyNoted with a score, while the router remembers the closing.",
    "Mean = _sum / _count: how old what customers say is.",
    bounds=SURVEY_BOUNDS,
    scale=1000,
)
FOLLOWUPS_DUE = counter(
    "followups_due",
    "Contacts that an agent settled: each is to be followed up, to check whether the customer is satisfied.",
    "At Resolved of a contact that an agent had.",
    "Followed up = followups_sent / followups_due.",
)
FOLLOWUPS_SENT = counter(
    "followups_sent",
    "Follow-ups that went out to customers, by first queue while the router remembers the contact.",
    "At OutboundNoted with kind followup.",
    "Followed up = followups_sent / followups_due.",
)
COMPLAINTS = counter(
    "complaints",
    "Contacts that complain, those that everybody can read apart.",
    "At ContactOpened.",
    "Share of complaints = complaints / contacts_arrived.",
    _PUBLIC,
)
COMPLAINT_RESPONSE = histogram(
    "complaint_response_seconds",
    "Time from the arrival of a complaint to the first answer by a person, in seconds.",
    "At Answered by a human.",
    "Mean = _sum / _count, beside first_response_seconds{kind=human}.",
    _PUBLIC,
    channels=("email", "social"),
    bounds=RESPONSE_BOUNDS,
    scale=1000,
)
OUTBOUND = counter(
    "outbound",
    "Messages that went out to customers; ack and answer are the first of each per contact.",
    "At Answered and at OutboundNoted.",
    "Acknowledged = ack / contacts_arrived; followed up: see followups_sent.",
    Label("kind", OUTBOUND_KINDS, OUTBOUND_KINDS[:-1]),
)
UPDATES_DUE = counter(
    "updates_due",
    "Messages that a customer was to be told: acknowledgement, offer of a call-back, reminder, a new time.",
    "At MessageDue, and at CallbackPromised that replaces another (revised_time).",
    "Updates on time = updates_sent_on_time / updates_due.",
    Label("kind", UPDATE_KINDS, UPDATE_KINDS[:-1]),
)
UPDATES_ON_TIME = counter(
    "updates_sent_on_time",
    "Of updates_due, those sent within five minutes.",
    "At Answered (ack) and at OutboundNoted, when the same message was due.",
    "Updates on time = updates_sent_on_time / updates_due.",
    Label("kind", UPDATE_KINDS, UPDATE_KINDS[:-1]),
)
BY_TOPIC = counter(
    "contacts_handled_by_topic",
    "Contacts closed after an agent had them, by topic as last known; topics are the desk's own.",
    "With contacts_handled.",
    "Topic share = one topic / all of the desk.",
    Label("topic", ()),
    of_desk=True,
)
AGENT_TIME = counter(
    "agent_time_seconds",
    "Time of agents at work by what they did, in agent-seconds; an agent is in one state at a time.",
    "At every record of the desk and every heartbeat, up to its decided_at.",
    "Occupancy = (contact + wrapup) / (contact + wrapup + idle); ringing and pauses in neither.",
    Label("state", AGENT_STATES, AGENT_STATES),
    of_desk=True,
    scale=1000,
)
OVERFLOW = counter(
    "overflow_activations",
    "Times that a desk had more work than time and said so.",
    "At OverloadBegan.",
    "A step calls for colleagues (requirement S3.2).",
    of_desk=True,
)
CHANGES = counter(
    "changes_marked",
    "Changes of the service that were marked, to see their effect.",
    "At ChangeNoted.",
    "Beside a drop: frontdesk_change_info names the newest.",
    of_desk=True,
)
