"""TLS of a gRPC server from files that may change while it runs: a renewed certificate needs no restart.

gRPC asks before each handshake. Files that have changed are read, proven to belong together and taken; while they do
not (somebody writes them one after the other), the ones before stay in force and the log says so once.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc
import structlog

log = structlog.get_logger()


@dataclass(frozen=True)
class TlsFiles:
    """PEM files; read again when they change. With `client_ca`, callers must show a certificate that it signed."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


Stamp = tuple[tuple[int, int, int], ...]
"""Change time, size and inode of each file."""


def reloading_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Credentials that follow the files; raises OSError or ValueError when these cannot be used at the start."""
    current = _Current(files)
    return grpc.dynamic_ssl_server_credentials(
        current.configuration,
        current.changed,  # type: ignore[arg-type] # None keeps what is in force, by gRPC's own words
        require_client_authentication=files.client_ca is not None,
    )


def fault_of(files: TlsFiles) -> str:
    """Why the files cannot be used; empty when they can."""
    try:
        _read(files)
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {_plain(error)}"
    return ""


class _Current:
    """The certificate in force; asked from gRPC's own thread, one handshake after the other."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._stamp = _stamp(files)
        self._told: Stamp | None = None
        self.configuration = _read(files)

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """The new configuration; None while the files are the same or do not fit together."""
        stamp = _stamp(self._files)
        if stamp == self._stamp:
            return None
        try:
            self.configuration = _read(self._files)
        except (OSError, ValueError) as error:
            if stamp != self._told:
                self._told = stamp
                log.error("certificate_not_taken", error=type(error).__name__, reason=_plain(error))
            return None
        self._stamp = stamp
        log.info("certificate_taken", file=str(self._files.certificate))
        return self.configuration


def _stamp(files: TlsFiles) -> Stamp:
    return tuple([_of(path) for path in (files.certificate, files.key, files.client_ca) if path is not None])


def _of(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _read(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    """Raises OSError (ssl.SSLError is one) or ValueError for files that are no certificate, no key, or not a pair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key, password=_no_password)
    roots = None
    if files.client_ca is not None:
        context.load_verify_locations(files.client_ca)
        roots = files.client_ca.read_bytes()
    pair = (files.key.read_bytes(), files.certificate.read_bytes())
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=roots)


def _no_password() -> str:
    """Instead of asking at the terminal."""
    raise ValueError("the key is encrypted")


def _plain(error: Exception) -> str:
    """The reason without paths' content: OpenSSL's own word, or the system's."""
    if isinstance(error, ssl.SSLError):
        return error.reason or "no PEM"
    return getattr(error, "strerror", None) or str(error)
