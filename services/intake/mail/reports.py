"""What became of a mail of ours, read from a bounce or a complaint (RFC 3464, RFC 5965; channels.md 3.2).

    fields     message/delivery-status, or the same fields within the words: a report a recipient, as given
    JSON       Amazon SES by SNS, in an ordinary mail
    header     X-Failed-Recipients (Exim, Gmail)
    words      everything else: the addresses before the quoted original, each with the codes that follow it

Only half of the systems send fields. The words of the others differ, their shapes do not: an address in angle
brackets or at the beginning of a line, an enhanced code (RFC 3463) or a reply code (RFC 5321) after it, then a
line that opens the original. Patterns see one line at a time, so the time is linear in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.intake.canonical import Report
from services.intake.mail.headers import mailboxes, message_ids, words
from services.intake.mail.html import html_to_text
from services.intake.mail.parse import Mail
from services.intake.values import ident, items, obj, text

REPORTS_MAX = 100
"""Recipients of one bounce; more are left out."""
LINES_MAX = 2_000
NOTICE_CHARS_MAX = 200_000
LINE_CHARS_MAX = 1_000
_FIELD = re.compile(r"^[>\s]{0,4}([A-Za-z][A-Za-z0-9-]{1,40}):[ \t]*(.*)$")
_ADDRESS = re.compile(r"(?<![\w.+@-])[\w.+&/=$!#%'*?^`{|}~-]{1,64}@[A-Za-z0-9\u0080-\uffff][\w.-]{0,189}")
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
_REPLY_CODE = re.compile(r"(?<![\d.\w])([45]\d\d)(?=[ \-:,#]|$)(?!\.\d)")
_ORIGINAL_BEGINS = re.compile(
    r"^[\s>*-]*(?:-{2,}\s*)?(?:below this line is a copy|enclosed is a copy|this is a copy of|original message|message headers follow"
    r"|unsent message|returned message|the body of the message is|message text follows|message header follows"
    r"|text of your (?:original )?message|your message (?:header|follows)|undelivered message follows|message contents follow"
    r"|reporting-mta|ursprüngliche nachricht|mensagem original|header of the original|copy of (?:the|your) message"
    r"|the headers of the message|returned-content|included is a copy|the following (?:is|was) (?:a copy|the original|the header))",
    re.IGNORECASE,
)
_HEADER_BEGINS = re.compile(
    r"^[>\s]{0,4}(?:Received|Return-Path|DKIM-Signature|X-[\w-]{1,40}|Message-ID)\s?:", re.IGNORECASE
)
_SESSION = re.compile(
    r"^\s*(?:<<<|>>>)\s*(?:MAIL|EHLO|HELO|FROM)|\bMAIL FROM:|envelope-from"
    r"|^\s*(?:From|Message-ID|References|In-Reply-To|Return-Path|Reply-To|Sender)\s?:",
    re.IGNORECASE,
)
_MORE = re.compile(r"transcript of session", re.IGNORECASE)
_DELAYED = re.compile(
    r"\bdelay|will (?:be retried|keep trying|continue (?:to try|trying))|warning message only|do not need to resend|not need to resend"
    r"|verzögert|still trying|atrasad|retard|odloženo|kasni|ritard|temporary (?:delivery )?problem|задержан",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"permanent(?:ly)?|giv(?:en|ing) up|failed permanently|could ?n[o']t be delivered|undeliver",
    re.IGNORECASE,
)
_CAUSES = (
    ("5.3.4", re.compile(r"message (?:is )?too (?:big|large)|(?:message|mail) size|too big", re.I)),
    ("5.2.2", re.compile(r"mailbox (?:is )?full|over ?quota|quota exceeded|exceed(?:s|ed) .{0,40}(?:quota|limit)|not enough (?:disk )?space", re.I)),
    ("5.1.2", re.compile(r"host (?:unknown|not found)|(?:domain|host) .{0,60}(?:not found|does ?n[o']t exist)|dns (?:lookup )?(?:failure|error)|no such domain", re.I)),
    ("5.1.1", re.compile(
        r"(?:user|recipient|mailbox|account|address|name)\b.{0,60}(?:unknown|not (?:found|exist|known|listed|recogni[sz]ed|available)|does ?n[o']t (?:exist|have)|invalid|disabled)"
        r"|(?:unknown|invalid|no such) (?:\w+ )?(?:user|recipient|address|mailbox|account)|doesn't have an? .{1,80}account", re.I)),
    ("5.1.3", re.compile(r"(?:malformed|bad|invalid) (?:\w+ )?address|address syntax", re.I)),
    ("4.4.7", re.compile(r"timed? ?out|expired|for \d+ (?:hours|days)|retry time", re.I)),
    ("5.7.1", re.compile(r"spam|blocked|blacklist|policy|not allowed|refused|rejected|denied", re.I)),
)  # fmt: skip
"""RFC 3463's code for a cause that is told in words only; the first that fits."""
_ACTIONS = {"bounce": "failed", "complaint": "abuse", "delivery": "delivered", "deliverydelay": "delayed"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a bounce or complaint tells: a report a recipient, and the Message-ID of the mail of ours ("" unknown)."""

    reports: tuple[Report, ...] = ()
    about_id: str = ""


def told_by(mail: Mail, kind: str) -> Told:
    """Reads a bounce or a complaint; empty for any other kind. Never raises on what a mail holds."""
    if kind not in ("bounce", "complaint"):
        return Told()
    human = mail.text if mail.text.strip() else html_to_text(mail.html, newest=False)
    event = notice_of(human)
    if event:
        return _of_json(event)
    if kind == "complaint":
        return Told(_bounded(_complained(mail)), _about(mail, "", ""))
    before, after = _split(human)
    found = list(_from_fields(mail.status)) or list(_from_fields(human))
    if not found:
        found = list(_from_words(mail, before, after))
    return Told(_bounded(found), _about(mail, human, after))


def notice_of(human: str) -> Mapping[str, Any]:
    """Amazon SES's notice, which SNS puts at the beginning of a text; {} when the text is none."""
    inner = _object_in(human.lstrip())
    if isinstance(inner.get("Message"), str):  # wrapped by SNS
        inner = _object_in(inner["Message"])
    if text(inner.get("notificationType") or inner.get("eventType")).lower() in ("bounce", "complaint"):
        return inner
    return {}


def _object_in(start: str) -> Mapping[str, Any]:
    """The JSON object at a text's beginning; line breaks within its strings are the mail's, and forgiven."""
    if not start.startswith("{") or "mail" not in start[:NOTICE_CHARS_MAX]:
        return {}
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(start[:NOTICE_CHARS_MAX])
    except (ValueError, RecursionError):
        return {}
    return obj(found)


def _of_json(notice: Mapping[str, Any]) -> Told:
    what = text(notice.get("notificationType") or notice.get("eventType")).lower()
    detail = obj(notice.get(what))
    people = items(detail.get("bouncedRecipients")) or items(detail.get("complainedRecipients"))
    mail = obj(notice.get("mail"))
    temporary = text(detail.get("bounceType")).lower() == "transient"
    found = [
        Report(
            text(obj(one).get("emailAddress"), 320),
            text(obj(one).get("action"), 40).lower() or _ACTIONS.get(what, "failed"),
            status_in(text(obj(one).get("status"), 40))
            or status_in(text(obj(one).get("diagnosticCode"), 1_000))
            or ("4.0.0" if temporary else "5.0.0" if what == "bounce" else ""),
        )
        for one in people[:REPORTS_MAX]
    ]
    header_id = next(iter(message_ids(text(obj(mail.get("commonHeaders")).get("messageId"), 500))), "")
    return Told(_bounded(found), header_id or ident(mail.get("messageId")))


def _from_fields(status: str) -> Iterator[Report]:
    """The per-recipient blocks of RFC 3464; a block ends at a blank line, or where a recipient begins again."""
    block: dict[str, str] = {}
    name = ""
    for raw in (*status.splitlines()[: LINES_MAX * 2], ""):
        field = _FIELD.match(raw[:LINE_CHARS_MAX])
        if not raw.strip():
            yield from _of_block(block)
            block, name = {}, ""
        elif raw[:1] in " \t" and name:
            block[name] = f"{block[name]} {raw.strip()}"[:4_000]
        elif field:
            name = field.group(1).lower()
            if name in block and name == "final-recipient":
                yield from _of_block(block)
                block = {}
            block.setdefault(name, field.group(2).strip())


def _of_block(block: Mapping[str, str]) -> Iterator[Report]:
    final = recipient_of(block.get("final-recipient", "")) or recipient_of(
        block.get("original-recipient", "")
    )
    if final:
        action = re.split(r"[^A-Za-z-]", block.get("action", "").strip(), maxsplit=1)[0].lower()
        diagnosis = block.get("diagnostic-code", "")
        status = status_in(block.get("status", "")) or status_in(diagnosis)
        yield Report(final, action or ("delayed" if status.startswith("4") else "failed"), status)


def recipient_of(value: str) -> str:
    r"""The address of "rfc822; a@b", decoded from xtext (RFC 3461 4) or \x{...} (RFC 6533); "" when there is none.

    A mailbox of another type (x400, "LOCAL;<>") stands as it is.
    """
    kind, semicolon, rest = value.partition(";")
    raw = (rest if semicolon else value).split("(")[0].strip().strip("<>").strip()
    if kind.strip().lower() == "utf-8":
        raw = re.sub(r"\\x\{([0-9A-Fa-f]{1,6})\}", _character, raw)
    elif "@" not in raw and re.search(r"\+40", raw):
        raw = re.sub(r"\+([0-9A-F]{2})", _character, raw)
    return raw[:320]


def _character(code: re.Match[str]) -> str:
    point = int(code.group(1), 16)
    return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else "\ufffd"


def status_in(words_: str) -> str:
    """The first enhanced status in a text, else what a reply code says of it ("550" is "5.0.0"), else ""."""
    found = _ENHANCED.search(words_)
    if found:
        return found.group(1)
    reply = _REPLY_CODE.search(words_)
    return f"{reply.group(1)[0]}.0.0" if reply else ""


def _from_words(mail: Mail, before: str, after: str) -> Iterator[Report]:
    ours = _own_addresses(mail)
    sections = _sections(before, ours) or _sections(after, ours)
    failed = [one.address for field in mail.headers.all("x-failed-recipients") for one in mailboxes(field)]
    lowered = {address.lower() for address in sections}
    failed = [address for address in failed if "@" in address]
    recipients = failed or list(sections)
    if not recipients:
        recipients = (
            _recipients_of_original(mail, after)
            or [address for address in _addresses(before) if address.lower() not in ours][:1]
        )
    action = _action(words(mail.headers.first("subject")), before)
    for address in recipients[:REPORTS_MAX]:
        section = sections.get(address.lower(), "") if address.lower() in lowered else ""
        status = status_in(section) or status_in(before) or _cause(section) or _cause(before)
        unknown = "4.0.0" if action == "delayed" else "5.0.0"
        yield Report(address, action, unknown if status in ("", "4.0.0", "5.0.0") else status)


def _own_addresses(mail: Mail) -> frozenset[str]:
    """Whom the bounce went to, and who sent it: not those that failed."""
    fields = (
        mail.headers.first(name) for name in ("to", "delivered-to", "x-original-to", "from", "reply-to")
    )
    return frozenset(one.address.lower() for field in fields for one in mailboxes(field))


def _sections(before: str, ours: frozenset[str]) -> dict[str, str]:
    """Each failed address, lower case, with the lines that speak of it: those up to the next address's own line.

    An address is named when it opens a line, stands in angle brackets, follows a colon or "to", or RCPT TO names
    it. Where some open a line, the others are somebody to ask.
    """
    found: dict[str, list[str]] = {}
    opening: set[str] = set()
    current: list[str] | None = None
    for raw in before.splitlines()[:LINES_MAX]:
        line = raw[:LINE_CHARS_MAX]
        address = _named(line)
        if address and address not in found:
            current = found.setdefault(address, [])
            if _ALONE.match(line[: line.lower().find(address)]):
                opening.add(address)
        elif address in found:
            current = found[address]
        if current is not None and len(current) < 50:
            current.append(line)
    joined = {address: "\n".join(lines) for address, lines in found.items()}
    strangers = {address: lines for address, lines in joined.items() if address not in ours}
    people = {address: lines for address, lines in strangers.items() if not address.startswith("postmaster@")}
    first = {address: lines for address, lines in people.items() if address in opening}
    return first or people or strangers or joined


_OPENS = re.compile(r"^[\s*>•·\-\[]{0,12}(?:\w{2,20}: ?)?[<\"'(\[]{0,2}$")
_ALONE = re.compile(r"^[\s*>•·\-\[]{0,12}[<\"'(\[]{0,2}$")
_TO_ASK = re.compile(
    r"\b(?:help|contact|assistance|hilfe|wenden|kontakt\w*|questions?|e-?mail (?:us|me)|write to)\b",
    re.IGNORECASE,
)
_LEADS = re.compile(
    r"(?:RCPT TO|RCPT|to|for|recipients?|address|user|failed|an|para|za|komu|адрес\w*|получател\w*|примал\w*|destinat\w+|empfänger|宛先?|addressee)\s?:?[\s<\"'(\[]{0,4}$",
    re.IGNORECASE,
)


def _named(line: str) -> str:
    """The address that a line is about, lower case; "" when it names none or the sender's."""
    if _SESSION.search(line) and "RCPT" not in line.upper():
        return ""
    for found in _ADDRESS.finditer(line):
        head = line[max(0, found.start() - 60) : found.start()]
        bracketed = head.endswith("<") and line[found.end() : found.end() + 1] == ">"
        if _TO_ASK.search(head):
            continue
        if bracketed or _OPENS.match(line[: found.start()]) or _LEADS.search(head):
            return found.group(0).rstrip(".").lower()
    return ""


def _addresses(body: str) -> Iterator[str]:
    for line in body.splitlines()[:LINES_MAX]:
        for found in _ADDRESS.finditer(line[:LINE_CHARS_MAX]):
            yield found.group(0).rstrip(".")


def _recipients_of_original(mail: Mail, after: str) -> list[str]:
    fields = [mail.original.first("x-failed-recipients"), mail.original.first("to")] if mail.original else []
    fields += [_field_in(after, "to")]
    for field in fields:
        found = [one.address for one in mailboxes(field) if "@" in one.address]
        if found:
            return found
    return []


def _action(subject: str, before: str) -> str:
    if _DELAYED.search(subject[:LINE_CHARS_MAX]):
        return "delayed"
    soft = any(_DELAYED.search(line[:LINE_CHARS_MAX]) for line in before.splitlines()[:LINES_MAX])
    if not soft:
        return "failed"
    hard = any(_GIVEN_UP.search(line[:LINE_CHARS_MAX]) for line in before.splitlines()[:LINES_MAX])
    return "failed" if hard else "delayed"


def _cause(section: str) -> str:
    joined = " ".join(section.split())[:4_000]
    return next((status for status, pattern in _CAUSES if pattern.search(joined)), "")


def _split(human: str) -> tuple[str, str]:
    """The words of the system, and the original that it quotes below them."""
    lines = human.splitlines()[: LINES_MAX * 2]
    for number, raw in enumerate(lines):
        line = raw[:LINE_CHARS_MAX]
        if number and (_ORIGINAL_BEGINS.match(line) or _HEADER_BEGINS.match(line)):
            rest = [
                index
                for index in range(number + 1, min(len(lines), number + 400))
                if _MORE.search(lines[index])
            ]
            if rest:  # the transcript comes behind the headers
                continue
            return "\n".join(lines[:number]), "\n".join(lines[number:])
    return "\n".join(lines), ""


def _about(mail: Mail, human: str, after: str) -> str:
    """Message-ID of the mail of ours: of the enclosed one, of the quoted one, or what the notice answers."""
    if mail.original:
        found = message_ids(mail.original.first("message-id"))
        if found:
            return found[0]
    for body in (after, human, mail.rest, mail.status):
        found = message_ids(_field_in(body, "message-id"))
        if found:
            return found[0]
    for name in ("x-original-message-id", "in-reply-to", "references"):
        found = message_ids(mail.headers.first(name))
        if found:
            return found[-1]
    return ""


def _field_in(body: str, wanted: str) -> str:
    """The value of a header field that stands in a text, folded lines with it; "" when it does not."""
    lines = body.splitlines()[: LINES_MAX * 2]
    for number, raw in enumerate(lines):
        field = _FIELD.match(raw[:LINE_CHARS_MAX])
        if field and field.group(1).lower() == wanted:
            value = field.group(2)
            for more in lines[number + 1 : number + 4]:
                if not more[:1].isspace() or not more.strip():
                    break
                value += " " + more.strip()[:LINE_CHARS_MAX]
            if value.strip():
                return value
    return ""


def _complained(mail: Mail) -> Iterator[Report]:
    """Who complained: RFC 5965's fields, Hotmail's header, else whom the mail was for."""
    kind = _field_in(mail.feedback, "feedback-type").strip().lower()[:40] or "abuse"
    named = (
        _field_in(mail.feedback, "original-rcpt-to"),
        _field_in(mail.feedback, "removal-recipient"),
        mail.headers.first("x-hmxmroriginalrecipient"),
        mail.original.first("x-hmxmroriginalrecipient") if mail.original else "",
        mail.original.first("to") if mail.original else "",
    )
    for value in named:
        found = [recipient_of(one.address) for one in mailboxes(value.partition(";")[2] or value)]
        people = [one for one in found if "@" in one]
        if people:
            yield from (Report(one, kind) for one in people)
            return


def _bounded(found: Iterable[Report]) -> tuple[Report, ...]:
    """One report a recipient, the first, at most REPORTS_MAX."""
    kept: dict[str, Report] = {}
    for report in found:
        if len(kept) >= REPORTS_MAX:
            break
        if report.recipient:
            kept.setdefault(report.recipient.lower(), report)
    return tuple(kept.values())
