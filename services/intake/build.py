"""The composition root of intake: wires real parts or a test's, connects nothing by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from random import random
from typing import Any

import grpc
from prometheus_client import CollectorRegistry

from services.intake.again import Rereader
from services.intake.api import NAME, IntakeApi
from services.intake.backoff import Random
from services.intake.canonical import Known
from services.intake.channels import PROVIDERS
from services.intake.channels.provider import Provider
from services.intake.doors import cloudevents_kafka
from services.intake.doors.asterisk import asterisk_work
from services.intake.doors.imap import imap_work
from services.intake.doors.steadfast import Steadfast
from services.intake.fetch import Fetcher
from services.intake.gather import Gatherer
from services.intake.heartbeat import Heart, HeartMeasures
from services.intake.interpret import Interpreter
from services.intake.measures import Measures
from services.intake.need.language import Languages
from services.intake.need.reader import NeedReader
from services.intake.news import News
from services.intake.poll import PollLoop
from services.intake.publish import Publisher
from services.intake.settings import IntakeSettings
from services.intake.smtp import Mailroom
from services.intake.stream import StreamLoop
from services.intake.submitted import Submissions
from services.intake.taking import Taker
from services.intake.web import Hooks
from services.runtime.clock import Clock
from services.runtime.dead_letters import DeadLetters
from services.runtime.front_door import FrontDoor
from services.runtime.log import Appender

Work = tuple[str, Callable[[], Coroutine[Any, Any, None]]]
"""What must go on while intake runs, with its name: it never returns, and raises only for a fault of ours."""
MakeFetcher = Callable[[Known, Clock, Measures], Fetcher]


DAY_MS = 24 * 3_600_000
APPENDS_MAX = 3
"""Appends one after the other that a delivery may wait for: its facts, then its dead letters, and one to spare."""


@dataclass
class Intake:
    """An intake: open its `front_door`, listen with `smtp_factory` and `lmtp_factory`, add the API to a gRPC
    server, run its `work`, and
    close it when none of them runs any more."""

    front_door: FrontDoor
    smtp_factory: Callable[[], asyncio.BaseProtocol]
    lmtp_factory: Callable[[], asyncio.BaseProtocol]
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
    random: Random = random,
    pause: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep,
) -> Intake:
    """Intake on an appender whose topics exist. Loads the language model, which takes about a second, unless a
    reader of needs is given."""
    measures = Measures(registry)
    needs = needs or NeedReader(
        Languages(settings.languages), time_limit_ms=settings.need_ms_max, topic_model=settings.topic_model
    )
    interpreter = Interpreter(
        settings.known,
        settings.accounts,
        needs,
        settings.identity_key,
        event_age_ms_max=settings.event_age_days_max * DAY_MS,
    )
    publisher = Publisher(appender, partitions, DeadLetters(appender, partitions), measures)
    taker = Taker(publisher, measures, clock, keep_seconds_max=APPENDS_MAX * settings.append_ms_max / 1000)
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
        Rereader(paths, interpreter, taker, publisher, gatherer, clock),
    )
    front_door = FrontDoor(hooks.entrance(), measures.connections_ended, settings.http_connections_max)
    intake = Intake(
        front_door, mailroom.protocol, mailroom.lmtp_protocol, api, interpreter, fetcher, gatherer
    )
    if settings.polling:
        for provider in providers:
            intake.work += _asked(provider, interpreter, taker, fetcher, measures, clock, random)
        doors = [
            *asterisk_work(interpreter, taker, clock, pause, random),
            *imap_work(settings, interpreter, taker, publisher, clock, pause, random),
            *cloudevents_kafka.work(settings.known, interpreter, taker, clock, random),
        ]
        intake.work += [(name, Steadfast(name, run, measures, random, pause).run) for name, run in doors]
        for name, _ in doors:
            measures.doors_broken.labels(name)
    if settings.heartbeat_seconds:
        heart = Heart(
            appender,
            partitions,
            clock,
            HeartMeasures(registry),
            every_seconds=settings.heartbeat_seconds,
            pause=pause,
        )
        intake.work.append(("heartbeat", heart.run))
    return intake


def _asked(
    provider: Provider,
    interpreter: Interpreter,
    taker: Taker,
    fetcher: Fetcher,
    measures: Measures,
    clock: Clock,
    random: Random,
) -> list[Work]:
    """The pollers and streams of a provider, those that are configured."""
    news = News(provider.name, interpreter, taker, clock)
    declared = (*provider.pollers, *(stream.missed for stream in provider.streams))
    loops = {one.name: PollLoop(one, news, fetcher, measures, clock, random) for one in declared}
    streams = [
        StreamLoop(one, news, loops[one.missed.name], fetcher, measures, clock, random)
        for one in provider.streams
    ]
    return [
        *((one.name, loops[one.name].run) for one in provider.pollers if loops[one.name].configured),
        *((loop.stream.name, loop.run) for loop in streams if loop.configured),
    ]
