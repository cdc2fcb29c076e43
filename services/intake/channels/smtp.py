"""Mail by SMTP and LMTP, declared for the channel matrix; services/intake/smtp.py listens."""

from __future__ import annotations

from services.intake.channels.provider import Provider

PROVIDER = Provider(
    name="smtp",
    title="SMTP and LMTP",
    media=("email",),
    verified_by="nothing: your own mail server stands in front",
    event_id="Message-ID, else a hash",
    page="smtp",
    door="intake listens by SMTP and LMTP",
)
