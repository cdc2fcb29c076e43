"""What a mail is: complaint, bounce, automatic reply, or a person's (channels.md 3.2).

The order of the tests matters: several systems send bounces that call themselves auto-replied, so the null
sender or a daemon in From decides before Auto-Submitted does. A subject alone is weak evidence: it counts for
bounces only together with a daemon, and for automatic replies only at its beginning and without a greeting.
"""

from __future__ import annotations

import re

from services.intake.mail.headers import Headers, Mailbox

_DAEMONS = re.compile(
    r"^(?:mailer[-_.]?daemon|mail[-_.]daemon|post[-_.]?master|mdaemon|mail[-_.]?delivery[-_.]?(?:subsystem|system)|bounces?)"
    r"(?:[-+@.]|$)"
)
_DAEMON_NAMES = re.compile(
    r"mailer[- ]daemon|mail delivery (?:sub)?system|postmaster|mail administrator|system administrator"
)
_BOUNCE_SUBJECT = re.compile(
    r"undeliver|not (?:be )?deliver|deliver(?:y|ing)?[ -](?:status )?(?:notification|failure|report|has failed|problem|error|incomplete)"
    r"|delivery (?:status|fail|delayed)|mail delivery|returned? (?:mail|to sender)|failure notice|(?:message|mail) delayed|delayed mail|could not send"
    r"|unzustellbar|nicht zugestellt|zustellung|zurückgewiesen"
    r"|não entreg|falha na entrega|notificação (?:de|sobre) (?:estado|status)"
    r"|nedostav|neisporuč|neuručen|недостав|неиспоруч"
    r"|non remis|mancata consegna|no entregad|недоставлен|не доставлен|メールエラー|配信できません|配信不能|未送達"
)
_AUTO_SUBJECT = re.compile(
    r"^(?:re: |aw: )?(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response|antwort)|autoreply|out of (?:the )?office|abwesenheit(?:snotiz|smeldung)?\s*[:(]"
    r"|automatische antwort|resposta automática|ausência\s*[:(]|fora do escritório|samodejni odgovor|odsotnost\s*[:(]"
    r"|аутоматски одговор|automatski odgovor|одсутан\s*[:(]|odsutan\s*[:(]|réponse automatique|risposta automatica|respuesta automática)"
)
_BULK = frozenset({"bulk", "junk", "auto_reply", "list"})
_COMPLAINT_SUBJECT = re.compile(r"^complaint about message from\b")
_FORWARDED = re.compile(r"^(?:fwd?|wg|enc|vs|tr|пр|sv)\s*:")


def kind_of(
    headers: Headers, sender: Mailbox, subject: str, types: frozenset[str], *, null_sender: bool = False
) -> str:
    """ "complaint", "bounce", "auto_reply" or "message"."""
    folded = subject.strip().lower()
    if _is_complaint(headers, folded, types):
        return "complaint"
    if _is_bounce(headers, sender, folded, types, null_sender):
        return "bounce"
    if _is_automatic(headers, folded):
        return "auto_reply"
    return "message"


def _is_complaint(headers: Headers, subject: str, types: frozenset[str]) -> bool:
    """RFC 5965, and what Hotmail and Apple send in its place."""
    report = headers.first("content-type").lower()
    return (
        "message/feedback-report" in types
        or "report-type=feedback-report" in report.replace(" ", "").replace('"', "")
        or (
            bool(_COMPLAINT_SUBJECT.match(subject))
            and ("message/rfc822" in types or "x-hmxmroriginalrecipient" in headers)
        )
        or headers.first("x-apple-unsubscribe").strip().lower() == "true"
    )


def _is_bounce(
    headers: Headers, sender: Mailbox, subject: str, types: frozenset[str], null_sender: bool
) -> bool:
    """RFC 3464; without a report, a null sender or a daemon who speaks of delivery."""
    report = headers.first("content-type").lower().replace(" ", "").replace('"', "")
    if (
        "message/delivery-status" in types
        or "report-type=delivery-status" in report
        or "x-failed-recipients" in headers
    ):
        return True
    daemon = bool(_DAEMONS.match(sender.address.lower()) or _DAEMON_NAMES.search(sender.name.lower()))
    nobody = (
        null_sender
        or headers.first("return-path").replace(" ", "") == "<>"
        or not sender.address.strip("<> ")
    )
    speaks = bool(_BOUNCE_SUBJECT.search(subject)) and not _FORWARDED.match(subject)
    encloses = "message/rfc822" in types or "text/rfc822-headers" in types
    if daemon:
        return speaks or nobody or encloses or "auto-submitted" in headers or not sender.name
    return nobody and (speaks or encloses)


def _is_automatic(headers: Headers, subject: str) -> bool:
    """RFC 3834, Microsoft's and Apple's marks, lists and bulk; else a subject that only machines write."""
    submitted = headers.first("auto-submitted").split(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if headers.first("precedence").strip().lower() in _BULK or "list-id" in headers:
        return True
    if headers.first("x-apple-action").strip().upper() == "VACATION":
        return True
    marks = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-response-from")
    if any(mark in headers for mark in marks):
        return True
    suppress = headers.first("x-auto-response-suppress").strip().lower()
    automatic = bool(_AUTO_SUBJECT.match(subject))
    return automatic or (bool(suppress) and suppress != "none" and "auto-submitted" in headers)
