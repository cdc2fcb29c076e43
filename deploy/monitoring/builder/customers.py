"""What customers say, and what they are told: a row of the manager's board."""

from __future__ import annotations

from deploy.monitoring.builder.grafana import Panel, Row, Target
from deploy.monitoring.builder.panels import against_past, counts, grown, mean, share_panel
from deploy.monitoring.builder.promql import RANGE, share

CUSTOMERS = Row(
    "What customers say",
    (
        share_panel(
            "Satisfied",
            "Surveys answered with 4 or 5, of all that were answered (requirement S2.1). Judge it by its own past, not by "
            "a target: FrontdeskSatisfactionBelowBaseline does.",
            "survey_responses_total",
            "survey_responses_total",
            part_where='score=~"4|5"',
        ),
        share_panel(
            "Surveys answered",
            "Answers of all surveys that went out. survey_responses / surveys_sent.",
            "survey_responses_total",
            "surveys_sent_total",
        ),
        mean(
            "How old answers are",
            "Mean time from a closing to the customer's answer, where it is known: what customers say today is of that day "
            "(requirement S2.1). survey_delay_seconds _sum / _count.",
            "survey_delay_seconds",
            "channel",
            width=4,
        ),
        share_panel(
            "Followed up",
            "Follow-ups that went out, of contacts that a person settled: is the customer satisfied (requirement S2.7)? "
            "followups_sent / followups_due; above 100 % where several go out for one.",
            "followups_sent_total",
            "followups_due_total",
        ),
        counts("Scores", "Surveys by score, 5 is best. survey_responses.", "survey_responses_total", "score"),
        against_past("Satisfaction against the past", "Score 4 and 5 / all.", "satisfaction"),
        share_panel(
            "Complaints",
            "Contacts that complain, of all that arrived. complaints / contacts_arrived.",
            "complaints_total",
            "contacts_arrived_total",
        ),
        counts(
            "Complaints that everybody can read",
            "Complaints in public (true) and in private (requirement S2.6). complaints.",
            "complaints_total",
            "public",
            width=6,
        ),
        mean(
            "Complaints: time to a person's answer",
            "Mean time from a complaint's arrival to the first answer by a person, public ones apart (requirement S2.6). "
            "complaint_response_seconds _sum / _count.",
            "complaint_response_seconds",
            "public",
            width=6,
        ),
        counts(
            "Said in public",
            "Mentions and reviews by people who did not write to us, by sentiment (requirement S2.9). mentions, "
            "addressed true + false.",
            "mentions_total",
            "kind, sentiment",
            where='addressed=~"true|false"',
        ),
        Panel(
            "Answered in public",
            "Mentions and reviews that a person of ours answered, of all. mentions_answered / mentions (true + false).",
            "percentunit",
            (
                Target(
                    share(
                        grown("mentions_answered_total", RANGE),
                        grown("mentions_total", RANGE, where='addressed=~"true|false"'),
                    ),
                    "share",
                ),
            ),
            kind="stat",
            width=4,
            height=5,
            decimals=1,
        ),
        counts(
            "Messages to customers",
            "Messages that went out, by kind: acknowledgement, answer, update, follow-up, thanks (requirements S0.1, S0.5, "
            "S1.5, S3.6). outbound.",
            "outbound_total",
            "kind",
        ),
        Panel(
            "What it was about",
            "Share of each topic among closed contacts (requirement S2.3). contacts_handled_by_topic, one / all.",
            "percentunit",
            (
                Target(
                    f"{grown('contacts_handled_by_topic_total', RANGE, by='topic', chosen='')} / on () group_left () "
                    f"({grown('contacts_handled_by_topic_total', RANGE, chosen='')} > 0)",
                    "{{topic}}",
                ),
            ),
            kind="bargauge",
            decimals=1,
        ),
        counts(
            "Changes of the service",
            "Changes that were marked, to be seen beside what they did (requirement S2.3); purple lines name them. "
            "changes_marked.",
            "changes_marked_total",
            "desk",
            chosen="",
            width=6,
        ),
    ),
)
