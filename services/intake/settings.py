"""Settings of intake; all faults are reported together, without any secret in them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from services.contract.ids import IDENTITY_KEY_BYTES_MIN
from services.intake.accounts import Accounts, AccountsError, load_accounts
from services.intake.canonical import Known
from services.intake.channels import PROVIDERS
from services.intake.need.trained import ModelError, TrainedTopics, load
from services.runtime.settings import Reader

LANGUAGES_DEFAULT = ("en", "de", "pt", "sr", "sl", "te")
BODY_BYTES_MAX_DEFAULT = 5 * 1024 * 1024
MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class IntakeSettings:
    """What an intake process needs to know. Keys of a provider that is not used may be absent."""

    identity_key: bytes = field(repr=False)
    """Key of the hashes that decisions carry instead of identifiers; the same in every process, for ever."""
    known: Known
    """Keys of the providers, and the regions of our lines."""
    accounts: Accounts = field(repr=False)
    """Which desk an account belongs to."""
    public_url: str = ""
    """Scheme, host and path prefix under which providers reach us; part of Twilio's signature."""
    languages: tuple[str, ...] = LANGUAGES_DEFAULT
    """Languages the desks serve, ISO 639-1."""
    body_bytes_max: int = BODY_BYTES_MAX_DEFAULT
    """Longest body of a request, and longest mail."""
    bytes_in_flight_max: int = 256 * MIB
    """Bodies held at once by HTTP, and as many by SMTP; beyond it providers are told to come back."""
    deliveries_in_flight_max: int = 1_000
    """Deliveries held at once; beyond it providers are told to come back."""
    http_connections_max: int = 4_000
    """HTTP connections at once; a newer one displaces the one that has waited longest."""
    body_seconds_max: float = 20.0
    """Longest a body may take to come."""
    event_age_days_max: int = 0
    """Oldest event that a webhook may bring, by the provider's time; 0 is any age."""
    topic_model: TrainedTopics | None = None
    """Topics trained on the desks' own labels; without it rules and the shipped model tell them."""
    need_ms_max: float = 50.0
    """Longest that language, topic and the like may take per message."""
    smtp_connections_max: int = 200
    """SMTP connections at once; beyond it 421."""
    smtp_idle_seconds_max: int = 60
    """Longest silence on an SMTP connection."""
    append_ms_max: int = 2_000
    """Longest that an append to Kafka may take; then the sender is told to come back, within the 3 s that the
    strictest provider waits (channels.md 1, rule 4)."""
    smtp_tls: ssl.SSLContext | None = field(default=None, repr=False)
    """What STARTTLS is offered with, on SMTP and LMTP; None offers none."""
    stream_in_flight_max: int = 500
    """Facts of one gRPC stream on their way to the log."""
    polling: bool = True
    """Whether this process asks providers that tell nothing by themselves."""
    heartbeat_seconds: int = 0
    """Time between two signs of life in every partition of the facts; 0 writes none."""

    @classmethod
    def from_env(cls, mapping: Mapping[str, str]) -> IntakeSettings:
        """Reads the variables of docs/intake.md; raises SettingsError with all faults."""
        reader = Reader(mapping)
        public_url = reader.text("FRONTDESK_PUBLIC_URL", default="").rstrip("/")
        values = _provider_values(reader, public_url)
        if public_url and (
            urlsplit(public_url).scheme not in ("http", "https") or not urlsplit(public_url).netloc
        ):
            reader.fault("FRONTDESK_PUBLIC_URL must be like https://desk.example.com")
        languages = tuple(
            filter(
                None,
                (
                    one.strip().lower()
                    for one in reader.text("FRONTDESK_LANGUAGES", default=",".join(LANGUAGES_DEFAULT)).split(
                        ","
                    )
                ),
            )
        )
        if not languages or any(len(one) not in (2, 3) or not one.isalpha() for one in languages):
            reader.fault("FRONTDESK_LANGUAGES must be codes with commas between, for example en,de,sr")
        key = reader.secret("FRONTDESK_IDENTITY_KEY", bytes_min=IDENTITY_KEY_BYTES_MIN)
        accounts = _accounts(reader)
        known = Known(values=values, regions=accounts.regions)
        settings = cls(
            identity_key=key.encode(),
            known=known,
            accounts=accounts,
            public_url=public_url,
            languages=languages,
            body_bytes_max=reader.integer(
                "FRONTDESK_BODY_BYTES_MAX", default=BODY_BYTES_MAX_DEFAULT, low=1_000, high=64 * MIB
            ),
            bytes_in_flight_max=reader.integer(
                "FRONTDESK_BYTES_IN_FLIGHT_MAX", default=256 * MIB, low=64_000, high=64_000 * MIB
            ),
            deliveries_in_flight_max=reader.integer(
                "FRONTDESK_DELIVERIES_IN_FLIGHT_MAX", default=1_000, low=1, high=100_000
            ),
            http_connections_max=reader.integer(
                "FRONTDESK_HTTP_CONNECTIONS_MAX", default=4_000, low=1, high=1_000_000
            ),
            body_seconds_max=reader.number("FRONTDESK_BODY_SECONDS_MAX", default=20.0, low=0.1, high=600.0),
            event_age_days_max=reader.integer("FRONTDESK_EVENT_AGE_DAYS_MAX", default=0, low=0, high=3_650),
            topic_model=_topic_model(reader),
            need_ms_max=reader.number("FRONTDESK_NEED_MS_MAX", default=50.0, low=0.0, high=10_000.0),
            smtp_connections_max=reader.integer(
                "FRONTDESK_SMTP_CONNECTIONS_MAX", default=200, low=1, high=100_000
            ),
            smtp_idle_seconds_max=reader.integer(
                "FRONTDESK_SMTP_IDLE_SECONDS_MAX", default=60, low=1, high=3_600
            ),
            append_ms_max=reader.integer("FRONTDESK_APPEND_MS_MAX", default=2_000, low=100, high=60_000),
            smtp_tls=_tls(reader),
            stream_in_flight_max=reader.integer(
                "FRONTDESK_STREAM_IN_FLIGHT_MAX", default=500, low=1, high=10_000
            ),
            polling=reader.flag("FRONTDESK_POLLING", default=True),
            heartbeat_seconds=reader.integer("FRONTDESK_HEARTBEAT_SECONDS", default=10, low=0, high=3600),
        )
        reader.done()
        return settings


def _provider_values(reader: Reader, public_url: str) -> dict[str, tuple[str, ...]]:
    """Values of all settings that providers declare, by name; those that are absent are left out."""
    values: dict[str, tuple[str, ...]] = {}
    for provider in PROVIDERS:
        for setting in provider.settings:
            given: tuple[str, ...]
            if setting.secret and setting.single:
                key = reader.secret(setting.name, default="")
                given = (key,) if key else ()
            elif setting.secret:
                given = reader.secret_list(setting.name)
            else:
                text = reader.text(setting.name, default="")
                given = (text,) if text else ()
            if not given:
                continue
            values[setting.name] = given
            fault = setting.fault(given) if setting.fault else ""
            if fault:
                reader.fault(f"{setting.name} {fault}")
        for first, *others in provider.together:
            absent = [one.name for one in others if one.name not in values]
            if first.name in values and absent:
                verb = "is" if len(absent) == 1 else "are"
                reader.fault(f"{' and '.join(absent)} {verb} required with {first.name}")
        signed = provider.needs_public_url
        if signed is not None and signed.name in values and not public_url:
            reader.fault(f"FRONTDESK_PUBLIC_URL is required with {signed.name}: {provider.title} signs it")
    return values


def _tls(reader: Reader) -> ssl.SSLContext | None:
    """The context of a certificate with its key, both or neither; a key must not have a password."""
    certificate = reader.text("FRONTDESK_SMTP_TLS_CERT_FILE", default="")
    key = reader.text("FRONTDESK_SMTP_TLS_KEY_FILE", default="")
    if not certificate and not key:
        return None
    if not certificate or not key:
        reader.fault("FRONTDESK_SMTP_TLS_CERT_FILE and FRONTDESK_SMTP_TLS_KEY_FILE are required together")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ValueError) as error:  # SSLError is an OSError
        reader.fault(f"FRONTDESK_SMTP_TLS_CERT_FILE and its key cannot be used ({type(error).__name__})")
        return None
    return context


def _topic_model(reader: Reader) -> TrainedTopics | None:
    path = reader.text("FRONTDESK_TOPIC_MODEL", default="")
    if not path:
        return None
    try:
        return load(Path(path))
    except ModelError as error:
        reader.fault(f"FRONTDESK_TOPIC_MODEL: {error}")
        return None


def _accounts(reader: Reader) -> Accounts:
    default_desk = reader.text("FRONTDESK_DEFAULT_DESK", default="")
    text = reader.file("FRONTDESK_ACCOUNTS_FILE")
    if text is None and not default_desk:
        reader.fault("FRONTDESK_ACCOUNTS_FILE or FRONTDESK_DEFAULT_DESK is required: which desk is it for?")
    try:
        return load_accounts(text or "", default_desk)
    except AccountsError as error:
        reader.fault(f"FRONTDESK_ACCOUNTS_FILE: {error}")
        return Accounts()
