"""Asterisk: its queues' callers, by the manager interface (AMI) or the file queue_log (channels.md 2.1).

Nothing is posted: intake connects to AMI, or reads the file, itself (services/intake/doors). Both name a call by
the caller's channel, so both at once tell of each call once.
"""

from __future__ import annotations

from services.intake.channels.provider import Provider, ProviderSetting
from services.intake.channels.setting_values import host_port


def _address_fault(given: tuple[str, ...]) -> str:
    return "" if all(map(host_port, given)) else "must be HOST:PORT, for example 127.0.0.1:5038"


AMI = ProviderSetting(
    name="FRONTDESK_ASTERISK_AMI",
    says="address of Asterisk's manager interface, HOST:PORT; it is not encrypted, so keep it on one host",
    secret=False,
    fault=_address_fault,
)
AMI_USER = ProviderSetting(
    name="FRONTDESK_ASTERISK_AMI_USER", says="name of the manager user (manager.conf)", secret=False
)
AMI_SECRET = ProviderSetting(
    name="FRONTDESK_ASTERISK_AMI_SECRET", says="secret of the manager user", single=True
)
CONTEXTS = ProviderSetting(
    name="FRONTDESK_ASTERISK_CONTEXTS",
    says="dialplan contexts of trunks, with commas, whose calls count although they are in no queue",
    secret=False,
)
QUEUE_LOG = ProviderSetting(
    name="FRONTDESK_ASTERISK_QUEUE_LOG",
    says="path of Asterisk's queue_log, read as it grows and through rotation",
    secret=False,
)

PROVIDER = Provider(
    name="asterisk",
    title="Asterisk",
    media=("voice",),
    verified_by="login to the manager interface (MD5 challenge); the file's owner",
    event_id="Uniqueid of the caller's channel and state",
    page="asterisk",
    door="AMI over TCP, the file queue_log",
    settings=(AMI, AMI_USER, AMI_SECRET, CONTEXTS, QUEUE_LOG),
    together=((AMI, AMI_USER, AMI_SECRET),),
)
