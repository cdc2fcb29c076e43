"""What a process is told: every setting and desk file, read and checked before anything is opened."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from services.cli.address import GRPC_PORT_DEFAULT
from services.cli.misspelt import Asked
from services.contract.desk import Desk
from services.runtime.clock import Clock, clock_from
from services.runtime.kafka_access import KafkaAccess
from services.runtime.rpc_settings import RpcSettings
from services.runtime.settings import Reader, SettingsError

if TYPE_CHECKING:
    from services.intake.settings import IntakeSettings
    from services.metrics.settings import MetricsSettings
    from services.metrics.wallboard.settings import WallboardSettings
    from services.router.settings import RouterSettings

T = TypeVar("T")
DATA_DEFAULT = ".state/frontdesk.db"


def default_data(mapping: Mapping[str, str]) -> Path:
    """The embedded log's file: where `serve` keeps it, and where the other commands look for it."""
    return Path(mapping.get("FRONTDESK_DATA") or DATA_DEFAULT)


@dataclass(frozen=True)
class ServeSettings:
    """Where a process listens and which log it speaks to; port 0 takes a free one, no LMTP port opens none."""

    host: str
    http_port: int
    http_reuse_port: bool
    http_tls: ssl.SSLContext | None
    grpc_port: int
    smtp_port: int
    lmtp_port: int | None
    metrics_port: int
    rpc: RpcSettings
    log_level: str
    log_json: bool
    data: Path
    partitions: int
    generation: int
    loop: str

    @classmethod
    def from_env(cls, mapping: Mapping[str, str]) -> ServeSettings:
        """Reads FRONTDESK_HOST, the ports, FRONTDESK_DATA ...; raises SettingsError with all faults."""
        reader = Reader(mapping)
        settings = cls(
            host=reader.text("FRONTDESK_HOST", default="127.0.0.1"),
            http_port=reader.integer("FRONTDESK_HTTP_PORT", default=8080, low=0, high=65535),
            http_reuse_port=reader.flag("FRONTDESK_HTTP_REUSE_PORT", default=False),
            http_tls=_tls(reader),
            grpc_port=reader.integer("FRONTDESK_GRPC_PORT", default=GRPC_PORT_DEFAULT, low=0, high=65535),
            smtp_port=reader.integer("FRONTDESK_SMTP_PORT", default=2525, low=0, high=65535),
            lmtp_port=(
                reader.integer("FRONTDESK_LMTP_PORT", default=0, low=0, high=65535)
                if mapping.get("FRONTDESK_LMTP_PORT")
                else None
            ),
            metrics_port=reader.integer("FRONTDESK_METRICS_PORT", default=9464, low=0, high=65535),
            rpc=RpcSettings.read(reader),
            log_level=reader.text(
                "FRONTDESK_LOG_LEVEL", default="info", choices=("debug", "info", "warning", "error")
            ),
            log_json=reader.flag("FRONTDESK_LOG_JSON", default=not sys.stderr.isatty()),
            data=default_data(mapping),
            partitions=reader.integer("FRONTDESK_PARTITIONS", default=32, low=1, high=4096),
            generation=reader.integer("FRONTDESK_LOG_GENERATION", default=1, low=1, high=1_000),
            loop=reader.text("FRONTDESK_LOOP", default="uvloop", choices=("uvloop", "asyncio")),
        )
        reader.done()
        return settings


@dataclass(frozen=True)
class Plan:
    """All that a process is told, read and checked before anything is opened."""

    roles: tuple[str, ...]
    bootstrap: KafkaAccess | None
    settings: ServeSettings
    router: RouterSettings | None
    intake: IntakeSettings | None
    metrics: MetricsSettings | None
    wallboard: WallboardSettings | None
    clock: Clock
    desks: tuple[Desk, ...]
    misspelt: Mapping[str, str]
    """Names that are no settings, and those that were probably meant."""

    @classmethod
    def from_env(
        cls, env: Mapping[str, str], roles: tuple[str, ...], bootstrap: str | None, desk_files: Sequence[Path]
    ) -> Plan:
        """Raises SettingsError with the faults of every service and of every desk file together."""
        faults: list[str] = []
        env = asked = Asked(env)

        def read(parse: Callable[[], T]) -> T | None:
            try:
                return parse()
            except SettingsError as error:
                faults.extend(fault for fault in error.faults if fault not in faults)
            return None

        settings = read(lambda: ServeSettings.from_env(env))
        access = read(lambda: KafkaAccess.from_env(env, bootstrap)) if bootstrap else None
        clock = read(lambda: clock_from(env))
        router = read(lambda: _router(env)) if "router" in roles else None
        intake = read(lambda: _intake(env)) if "intake" in roles else None
        metrics = read(lambda: _metrics(env)) if "metrics" in roles else None
        wallboard = read(lambda: _wallboard(env)) if "metrics" in roles else None
        desks = [desk for path in desk_files if (desk := read(partial(_desk, path))) is not None]
        if desk_files and "router" not in roles:
            faults.append("--desk is for the process that has the router")
        if faults or settings is None or clock is None:
            raise SettingsError(faults)
        told = tuple(desks)
        return cls(roles, access, settings, router, intake, metrics, wallboard, clock, told, asked.misspelt())


# A process loads the services that it serves: all of them take twice the time, and a restart waits for that.


def _router(env: Mapping[str, str]) -> RouterSettings:
    from services.router.settings import RouterSettings

    return RouterSettings.from_env(env)


def _intake(env: Mapping[str, str]) -> IntakeSettings:
    from services.intake.settings import IntakeSettings

    return IntakeSettings.from_env(env)


def _metrics(env: Mapping[str, str]) -> MetricsSettings:
    from services.metrics.settings import MetricsSettings

    return MetricsSettings.from_env(env)


def _wallboard(env: Mapping[str, str]) -> WallboardSettings:
    from services.metrics.wallboard.settings import WallboardSettings

    return WallboardSettings.from_env(env)


def _tls(reader: Reader) -> ssl.SSLContext | None:
    """The server's certificate and key; None when something in front ends TLS."""
    certificate = reader.text("FRONTDESK_HTTP_TLS_CERT_FILE", default="")
    key = reader.text("FRONTDESK_HTTP_TLS_KEY_FILE", default="")
    if not certificate and not key:
        return None
    if not certificate or not key:
        reader.fault(
            "FRONTDESK_HTTP_TLS_CERT_FILE and FRONTDESK_HTTP_TLS_KEY_FILE are for each other: give both"
        )
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        reader.fault(f"FRONTDESK_HTTP_TLS_CERT_FILE or _KEY_FILE cannot be used ({type(error).__name__})")
    return context


def _no_password() -> str:
    """Instead of asking at the terminal."""
    raise ValueError("the key is encrypted")


def _desk(path: Path) -> Desk:
    """The desk in a file; its faults are settings' faults."""
    from services.router.desks.config import DeskFaults, load_toml

    try:
        return load_toml(path.read_text(encoding="utf-8"))
    except DeskFaults as error:
        raise SettingsError([f"{path}: {fault}" for fault in error.found]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"--desk {path} cannot be read ({type(error).__name__})"]) from error
