"""A mailbox that is read by IMAP: its settings. The door itself is services/intake/doors/imap.py."""

from __future__ import annotations

from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.setting_values import host_port
from services.intake.values import whole

NAME = "imap"
PORT = 993


def _number_fault(low: int, high: int) -> str:
    return f"must be a whole number from {low} to {high}"


def _within(low: int, high: int, given: tuple[str, ...]) -> str:
    number = whole(given[0]) if given else None
    return "" if number is not None and low <= number <= high else _number_fault(low, high)


ADDRESS = ProviderSetting(
    name="FRONTDESK_IMAP_ADDRESS",
    says="IMAP server of a mailbox that intake reads, `host` or `host:port` (TLS, 993)",
    secret=False,
    fault=lambda given: "" if all(host_port(one, PORT) for one in given) else "must be host or host:port",
)
USER = ProviderSetting(name="FRONTDESK_IMAP_USER", says="user of that mailbox", secret=False)
PASSWORD = ProviderSetting(name="FRONTDESK_IMAP_PASSWORD", says="its password", single=True)
FOLDER = ProviderSetting(
    name="FRONTDESK_IMAP_FOLDER", says="folder that is read", secret=False, default=("INBOX",)
)
ACCOUNT = ProviderSetting(
    name="FRONTDESK_IMAP_ACCOUNT",
    says="address that the mailbox's mail is for, where none of a mail's recipients is listed (by default the user)",
    secret=False,
)
POLL_SECONDS = ProviderSetting(
    name="FRONTDESK_IMAP_POLL_SECONDS",
    says="seconds between two looks at a server that cannot tell by itself (no IDLE)",
    secret=False,
    default=("60",),
    fault=lambda given: _within(5, 3_600, given),
)
SINCE_DAYS = ProviderSetting(
    name="FRONTDESK_IMAP_SINCE_DAYS",
    says="days back that unmarked mail is taken; older mail is left alone",
    secret=False,
    default=("14",),
    fault=lambda given: _within(1, 3_650, given),
)
CA_FILE = ProviderSetting(
    name="FRONTDESK_IMAP_CA_FILE",
    says="certificates (PEM) that the server's is proven by, where the system's are not enough",
    secret=False,
)
PROVIDER = Provider(
    name=NAME,
    title="IMAP mailbox",
    media=("email",),
    verified_by="the mailbox's password, over TLS",
    event_id="Message-ID, else a hash",
    page="imap",
    door="a mailbox is read (IDLE, else polling)",
    settings=(ADDRESS, USER, PASSWORD, FOLDER, ACCOUNT, POLL_SECONDS, SINCE_DAYS, CA_FILE),
    together=((ADDRESS, USER, PASSWORD),),
)
