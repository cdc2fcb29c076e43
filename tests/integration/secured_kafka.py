"""A real broker that asks who one is: a listener with mTLS, one with SASL over TLS, and rights by ACL.

Certificates come from an authority made for the run. A third listener, in clear on loopback, is the administrator's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from services.runtime import broker
from services.runtime.kafka_access import KafkaAccess
from services.runtime.ports import free_port

Right = tuple[str, str, str, tuple[str, ...]]
"""Kind (topic, group), pattern (literal, prefix), name, operations."""
LOGIN = "org.apache.kafka.common.security"


@dataclass
class Secured:
    """The broker, its three addresses, and the authority that signs for it."""

    node: broker.Broker
    mtls: str
    sasl: str
    authority: trustme.CA
    folder: Path

    def ca_file(self) -> Path:
        path = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(path)
        return path

    def certificate(self, user: str, authority: trustme.CA | None = None) -> dict[str, str]:
        """Settings of a client that proves itself by a certificate for CN=user."""
        issued = (authority or self.authority).issue_cert("localhost", common_name=user)
        stem = self.folder / f"{user}-{'own' if authority is None else 'other'}"
        issued.cert_chain_pems[0].write_to_path(f"{stem}.pem")
        issued.private_key_pem.write_to_path(f"{stem}.key")
        return {
            "FRONTDESK_KAFKA_SECURITY_PROTOCOL": "SSL",
            "FRONTDESK_KAFKA_CA_FILE": str(self.ca_file()),
            "FRONTDESK_KAFKA_CERT_FILE": f"{stem}.pem",
            "FRONTDESK_KAFKA_KEY_FILE": f"{stem}.key",
        }

    def password(self, user: str, password: str, mechanism: str = "SCRAM-SHA-512") -> dict[str, str]:
        """Settings of a client that proves itself by a password, which comes from a file."""
        path = self.folder / f"{user}-{mechanism}.password"
        path.write_text(password + "\n", encoding="utf-8")
        return {
            "FRONTDESK_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "FRONTDESK_KAFKA_CA_FILE": str(self.ca_file()),
            "FRONTDESK_KAFKA_SASL_MECHANISM": mechanism,
            "FRONTDESK_KAFKA_USER": user,
            "FRONTDESK_KAFKA_PASSWORD_FILE": str(path),
        }

    def access(self, settings: Mapping[str, str]) -> KafkaAccess:
        protocol = settings["FRONTDESK_KAFKA_SECURITY_PROTOCOL"]
        return KafkaAccess.from_env(settings, self.mtls if protocol == "SSL" else self.sasl)

    def let(self, user: str, rights: Iterable[Right]) -> None:
        """Gives rights; without any a user may nothing."""
        admin = KafkaAdminClient(bootstrap_servers=self.node.bootstrap)
        try:
            admin.create_acls([acl for right in rights for acl in _acls(user, right)])
        finally:
            admin.close()

    def scram(self, user: str, password: str) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.node.bootstrap)
        try:
            admin.alter_user_scram_credentials(
                [UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, password=password)]
            )
        finally:
            admin.close()


def _acls(user: str, right: Right) -> list[ACL]:
    kind, pattern, name, operations = right
    where = ResourcePattern(
        ResourceType[kind.upper()],
        name,
        ACLResourcePatternType.PREFIXED if pattern == "prefix" else ACLResourcePatternType.LITERAL,
    )
    return [
        ACL(f"User:{user}", "*", ACLOperation[one.upper()], ACLPermissionType.ALLOW, where)
        for one in operations
    ]


def start(state: Path, plain_users: Mapping[str, str]) -> Secured:
    """Starts it; `plain_users` are those that SASL's PLAIN knows, which Kafka reads from its configuration."""
    state.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    served = authority.issue_cert("127.0.0.1", "localhost")
    mtls, sasl, clear, controller = (free_port() for _ in range(4))
    users = " ".join(f'user_{name}="{password}"' for name, password in plain_users.items())
    names = {"MTLS": f"127.0.0.1:{mtls}", "SASL": f"127.0.0.1:{sasl}", "PLAINTEXT": f"127.0.0.1:{clear}"}
    (state / "ports").write_text(f"{clear} {controller}")
    listeners = ",".join(f"{name}://{address}" for name, address in names.items())
    properties = {
        "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,MTLS:SSL,SASL:SASL_SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.key": _in_line(served.private_key_pem.bytes()),
        "ssl.keystore.certificate.chain": _in_line(b"".join(one.bytes() for one in served.cert_chain_pems)),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": _in_line(authority.cert_pem.bytes()),
        "listener.name.mtls.ssl.client.auth": "required",
        "listener.name.mtls.ssl.principal.mapping.rules": "RULE:^.*CN=([a-z-]+).*$/$1/",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "listener.name.sasl.scram-sha-512.sasl.jaas.config": f"{LOGIN}.scram.ScramLoginModule required;",
        "listener.name.sasl.plain.sasl.jaas.config": f"{LOGIN}.plain.PlainLoginModule required {users};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        # Nobody kills it, and on a machine whose cores are taken its heartbeat to itself came too late.
        "broker.session.timeout.ms": "60000",
    }
    node = broker.start(state, port=0, properties=properties)
    return Secured(node, f"127.0.0.1:{mtls}", f"127.0.0.1:{sasl}", authority, state)


def _in_line(pem: bytes) -> str:
    """A PEM on one line of a properties file; Kafka reads keys in PKCS#8 only."""
    from cryptography.hazmat.primitives import serialization

    if b"PRIVATE KEY" in pem:
        key = serialization.load_pem_private_key(pem, None)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    return pem.decode().strip().replace("\n", "\\n")
