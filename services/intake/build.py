"""The composition root of intake: wires real parts or a test's, connects nothing by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from aiohttp import web
from prometheus_client import CollectorRegistry

from services.intake.api import NAME, IntakeApi
from services.intake.canonical import Known
from services.intake.channels import PROVIDERS
from services.intake.channels.provider import Provider
from services.intake.fetch import Fetcher
from services.intake.gather import Gatherer
from services.intake.interpret import Interpreter
from services.intake.measures import Measures
from services.intake.need.language import Languages
from services.intake.need.reader import NeedReader
from services.intake.publish import Publisher
from services.intake.settings import IntakeSettings
from services.intake.smtp import Mailroom
from services.intake.submitted import Submissions
from services.intake.taking import Taker
from services.intake.web import Hooks
from services.runtime.clock import Clock
from services.runtime.dead_letters import DeadLetters
from services.runtime.log import Appender

Work = tuple[str, Callable[[], Coroutine[Any, Any, None]]]
"""What must go on while intake runs, with its name: it never returns, and raises only for a fault of ours."""
MakeFetcher = Callable[[Known, Clock, Measures], Fetcher]


@dataclass
class Intake:
    """An intake: serve `web_app`, listen with `smtp_factory`, add the API to a gRPC server, run its `work`, and
    close it when none of them runs any more."""

    web_app: web.Application
    smtp_factory: Callable[[], asyncio.BaseProtocol]
    api: IntakeApi
    interpreter: Interpreter
    fetcher: Fetcher
    gatherer: Gatherer
    work: list[Work] = field(default_factory=list)
    """Doors that intake opens itself, of configured providers only."""
    service_name: str = NAME

    def add_to_grpc(self, server: grpc.aio.Server) -> None:
        self.api.add_to(server)

    async def close(self) -> None:
        """Ends what is fetched meanwhile."""
        await self.gatherer.close()
        await self.fetcher.close()


def build(
    settings: IntakeSettings,
    *,
    clock: Clock,
    appender: Appender,
    partitions: int,
    registry: CollectorRegistry,
    needs: NeedReader | None = None,
    providers: Sequence[Provider] = PROVIDERS,
    make_fetcher: MakeFetcher = Fetcher,
) -> Intake:
    """Intake on an appender whose topics exist. Loads the language model, which takes about a second, unless a
    reader of needs is given."""
    measures = Measures(registry)
    needs = needs or NeedReader(Languages(settings.languages), time_limit_ms=settings.need_ms_max)
    interpreter = Interpreter(settings.known, settings.accounts, needs, settings.identity_key)
    publisher = Publisher(appender, partitions, DeadLetters(appender, partitions), measures)
    taker = Taker(publisher, measures, clock)
    fetcher = make_fetcher(settings.known, clock, measures)
    gatherer = Gatherer(fetcher, settings.known)
    paths = {path: adapter for one in providers for path, adapter in one.hooks.items()}
    hooks = Hooks(settings, interpreter, taker, publisher, measures, clock, gatherer, paths)
    mailroom = Mailroom(settings, interpreter, taker, publisher, measures, clock)
    api = IntakeApi(
        Submissions(settings.accounts, needs, settings.identity_key),
        publisher,
        measures,
        clock,
        settings.stream_in_flight_max,
    )
    return Intake(hooks.app(), mailroom.protocol, api, interpreter, fetcher, gatherer)
