"""How this process reaches Kafka: the brokers' addresses, TLS, and who we say we are.

One `KafkaAccess` serves every client of the code (aiokafka, kafka-python, Faust): it knows the arguments that each
takes. The names are Kafka's own (`security.protocol`, `sasl.mechanism`). Credentials never travel in the clear, so
Kafka's SASL_PLAINTEXT is no choice here.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.runtime.settings import Reader, Secret

PREFIX = "FRONTDESK_KAFKA"
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_SSL")
MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
NO_PASSWORD = Secret("")


@dataclass(frozen=True)
class KafkaAccess:
    """Brokers as `host:port[,host:port...]` and what they ask for; as text it is those addresses alone."""

    bootstrap: str
    protocol: str = "PLAINTEXT"
    tls: ssl.SSLContext | None = None
    """Proves the brokers to us, and us to them where it holds a certificate; None with PLAINTEXT."""
    mechanism: str = "SCRAM-SHA-512"
    user: str = ""
    password: Secret = NO_PASSWORD

    def __str__(self) -> str:
        return self.bootstrap

    @classmethod
    def of(cls, given: str | KafkaAccess) -> KafkaAccess:
        """Addresses alone mean a broker that asks for nothing."""
        return given if isinstance(given, KafkaAccess) else cls(given)

    @classmethod
    def from_env(cls, mapping: Mapping[str, str], bootstrap: str, *, prefix: str = PREFIX) -> KafkaAccess:
        """Reads FRONTDESK_KAFKA_SECURITY_PROTOCOL and what it needs; raises SettingsError with all faults."""
        reader = Reader(mapping)
        access = cls.read(reader, bootstrap, prefix=prefix)
        reader.done()
        return access

    @classmethod
    def read(cls, reader: Reader, bootstrap: str, *, prefix: str = PREFIX) -> KafkaAccess:
        """The same with a reader that collects the faults."""
        name = f"{prefix}_{{}}".format
        protocol = reader.text(name("SECURITY_PROTOCOL"), default="PLAINTEXT", choices=PROTOCOLS)
        files = _Files(
            reader.text(name("CA_FILE"), default=""),
            reader.text(name("CERT_FILE"), default=""),
            reader.text(name("KEY_FILE"), default=""),
        )
        key_password = reader.secret(name("KEY_PASSWORD"), default="")
        mechanism = reader.text(name("SASL_MECHANISM"), default=MECHANISMS[0], choices=MECHANISMS)
        user = reader.text(name("USER"), default="")
        password = reader.secret(name("PASSWORD"), default="")
        asked = name("SECURITY_PROTOCOL")
        if protocol not in PROTOCOLS:
            return cls(bootstrap)
        if protocol == "PLAINTEXT":
            if any((*files, user, password)):
                reader.fault(
                    f"{prefix}_ settings for security are set, but {asked} is PLAINTEXT, which uses none of it"
                )
            return cls(bootstrap)
        if protocol == "SASL_SSL" and not (user and password):
            reader.fault(f"{name('USER')} and {name('PASSWORD')} are required with {asked}=SASL_SSL")
        if protocol == "SSL" and (user or password):
            reader.fault(f"{name('USER')} and {name('PASSWORD')} need {asked}=SASL_SSL")
        return cls(
            bootstrap, protocol, _context(reader, prefix, files, key_password), mechanism, user, password
        )

    @property
    def by_password(self) -> bool:
        """Whether we prove ourselves by a password."""
        return self.protocol == "SASL_SSL"

    def for_aiokafka(self) -> dict[str, Any]:
        """Arguments of an aiokafka client."""
        return {"bootstrap_servers": self.bootstrap, **self.security()}

    def for_kafka_python(self) -> dict[str, Any]:
        """Arguments of a kafka-python client; it takes the same names."""
        return {"bootstrap_servers": self.bootstrap, **self.security()}

    def security(self) -> dict[str, Any]:
        """The arguments of both clients that say how, not where."""
        if self.tls is None:
            return {}
        plain = {"security_protocol": self.protocol, "ssl_context": self.tls}
        if not self.by_password:
            return plain
        # A slice of a Secret is the plain string: clients format it into their messages.
        sasl = {"sasl_plain_username": self.user, "sasl_plain_password": self.password[:]}
        return {**plain, "sasl_mechanism": self.mechanism, **sasl}


class _Files(NamedTuple):
    """Paths of PEM files, "" where none was given."""

    ca: str
    certificate: str
    key: str


def _context(reader: Reader, prefix: str, files: _Files, key_password: Secret) -> ssl.SSLContext:
    """TLS 1.2 or newer, the broker's name and certificate checked; faults name the setting at fault."""
    try:
        context = ssl.create_default_context(cafile=files.ca or None)
    except (OSError, ssl.SSLError) as error:
        reader.fault(
            f"{prefix}_CA_FILE holds no certificates that can be read ({type(error).__name__}: {files.ca})"
        )
        context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if bool(files.certificate) != bool(files.key):
        reader.fault(f"{prefix}_CERT_FILE and {prefix}_KEY_FILE belong together: set both or none")
    elif files.certificate:
        try:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(files.certificate, files.key, password=key_password[:])
        except (OSError, ssl.SSLError, ValueError) as error:
            reader.fault(
                f"{prefix}_CERT_FILE and {prefix}_KEY_FILE cannot be used together ({type(error).__name__}: "
                f"{files.certificate}, {files.key}); are they PEM, of one pair, and is the key's password in "
                f"{prefix}_KEY_PASSWORD?"
            )
    return context
