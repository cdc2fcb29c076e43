"""Which provider's module reads which path. A further provider is a further module and a line here."""

from __future__ import annotations

from services.intake.channels import meta, postmark, twilio
from services.intake.channels.adapter import Adapter

PATHS: dict[str, Adapter] = {
    "/hooks/twilio/sms": twilio.MESSAGES,
    "/hooks/twilio/voice": twilio.VOICE,
    "/hooks/twilio/voice/status": twilio.VOICE_STATUS,
    "/hooks/postmark": postmark.INBOUND,
    "/hooks/meta": meta.WEBHOOK,
}
