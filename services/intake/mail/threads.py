"""Which conversation a mail belongs to (channels.md 3.1).

References first (its first id is the conversation's beginning), then In-Reply-To, then the mail's own id. Never
the subject: another customer with the same subject is another conversation.
"""

from __future__ import annotations

from services.intake.mail.headers import Headers, message_ids


def thread_of(headers: Headers, own_id: str) -> str:
    """Id of the conversation; `own_id` begins one."""
    for name in ("references", "in-reply-to"):
        found = message_ids(headers.first(name))
        if found:
            return found[0]
    return own_id


def answered(headers: Headers) -> str:
    """Id of the mail that this one answers; In-Reply-To, else the last of References."""
    direct = message_ids(headers.first("in-reply-to"))
    if direct:
        return direct[0]
    chain = message_ids(headers.first("references"))
    return chain[-1] if chain else ""
