"""Why Kafka turns us away: aiokafka and kafka-python only say that they could not start.

Both log the cause and raise "unable to bootstrap". So after a failure one connection of our own is tried to each
broker, and what it raises is put into words that name the setting to look at.
"""

from __future__ import annotations

import ssl

from aiokafka import errors as client
from aiokafka.conn import create_conn

from services.runtime import kafka_faults
from services.runtime.kafka_access import PREFIX, KafkaAccess
from services.runtime.log import LogRefused, LogUnavailable

PROBE_MS_MAX = 5_000
"""How long one broker may take to say what is wrong."""


async def explained(access: KafkaAccess, error: BaseException) -> LogUnavailable:
    """The fault to raise: LogRefused where a broker answers and turns us away, else LogUnavailable."""
    if isinstance(error, LogRefused):
        return error
    for address in access.bootstrap.split(","):
        reason = await _reason(access, address.strip())
        if reason:
            return LogRefused(f"Kafka at {address} cannot be used: {reason}")
    return error if isinstance(error, LogUnavailable) else kafka_faults.away(access.bootstrap, error)


async def _reason(access: KafkaAccess, address: str) -> str:
    """What one broker has against us, or we against it; "" when it is away or content."""
    host, _, port = address.rpartition(":")
    try:
        connection = await create_conn(
            host.strip("[]"),
            int(port),
            client_id="frontdesk",
            request_timeout_ms=PROBE_MS_MAX,
            **access.security(),
        )
    except (OSError, client.KafkaError, TimeoutError, ValueError) as error:
        return reason_of(access, error)
    connection.close()
    return ""


def reason_of(access: KafkaAccess, error: BaseException) -> str:
    """The error of a connection in words; "" for one that says only that nobody answers.

    A broker that wants a certificate lets the handshake of TLS 1.3 end and closes then: hence the last case.
    """
    cause = _ssl_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not proven by {PREFIX}_CA_FILE (or the system's certificates without it): "
            f"{cause.verify_message}"
        )
    if cause is not None and "ALERT" in str(cause.reason or "") and "CERTIFICATE" in str(cause.reason or ""):
        return _unknown_to_it(access)
    if cause is not None:
        return f"no TLS with it ({cause.reason or cause}); is this the port of its TLS listener?"
    if isinstance(error, client.UnsupportedSaslMechanismError):
        return f"it has no {access.mechanism}; choose another {PREFIX}_SASL_MECHANISM"
    if isinstance(error, client.AuthenticationFailedError | client.SaslAuthenticationFailed):
        return f"it does not take {PREFIX}_USER with this {PREFIX}_PASSWORD"
    if isinstance(error, ConnectionResetError) or "closed" in str(error).lower():
        if access.tls is None:
            return f"it hangs up on an unencrypted connection; does it want {PREFIX}_SECURITY_PROTOCOL=SSL or SASL_SSL?"
        return _unknown_to_it(access)
    return ""


def _unknown_to_it(access: KafkaAccess) -> str:
    if access.by_password:
        return (
            f"it hangs up after TLS; is this its SASL_SSL listener, and does it also want {PREFIX}_CERT_FILE?"
        )
    return (
        f"it hangs up: it wants a client certificate that it trusts ({PREFIX}_CERT_FILE), "
        f"or a password ({PREFIX}_SECURITY_PROTOCOL=SASL_SSL), or speaks no TLS at this port"
    )


def _ssl_cause(error: BaseException | None) -> ssl.SSLError | None:
    """The TLS error in a chain of causes."""
    seen = 0
    while error is not None and seen < 5:
        if isinstance(error, ssl.SSLError):
            return error
        error, seen = error.__cause__ or error.__context__, seen + 1
    return None
