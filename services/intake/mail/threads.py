"""Which conversation a mail belongs to (channels.md 3.1).

References first (its first id is the conversation's beginning), then In-Reply-To, then the mail's own id. Never
the subject: another customer with the same subject is another conversation.
"""

from __future__ import annotations

from services.intake.mail.headers import Headers, message_ids


def thread_of(headers: Headers, own_id: str) -> str:
    """Id of the conversation; `own_id` begins one."""
    chain = message_ids(headers.first("references"))
    if chain:
        return chain[0]
    return _direct(headers) or own_id


def answered(headers: Headers) -> str:
    """Id of the mail that this one answers; In-Reply-To, else the last of References."""
    chain = message_ids(headers.first("references"))
    return _direct(headers) or (chain[-1] if chain else "")


def _direct(headers: Headers) -> str:
    """The id in In-Reply-To; old programs write a phrase, perhaps with the writer's address, before it (RFC 822)."""
    value = headers.first("in-reply-to")
    found = message_ids(value)
    if not found:
        return ""
    return found[0] if value.lstrip().startswith("<") else found[-1]
