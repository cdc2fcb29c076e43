"""The doors to Asterisk that the settings ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import random
from typing import Any

from services.intake.asterisk.ami_calls import AmiCalls
from services.intake.asterisk.calls import SOURCE
from services.intake.asterisk.queue_calls import QueueCalls
from services.intake.backoff import Random
from services.intake.channels.asterisk import AMI, AMI_SECRET, AMI_USER, CONTEXTS, QUEUE_LOG
from services.intake.channels.setting_values import host_port, listed
from services.intake.doors.asterisk_ami import AmiDoor
from services.intake.doors.insisting import Insisting, Pause
from services.intake.doors.queue_log_tail import QueueLogDoor
from services.intake.interpret import Interpreter
from services.intake.taking import Taker
from services.runtime.clock import Clock
from services.runtime.settings import SettingsError


def asterisk_work(
    interpreter: Interpreter,
    taker: Taker,
    clock: Clock,
    pause: Pause = asyncio.sleep,
    random: Random = random,
) -> list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]:
    """Name and run of each; nothing connects yet. Raises SettingsError for an address without user and secret."""
    known = interpreter.known
    work: list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]] = []
    address = host_port(known.one(AMI))
    if address is not None:
        user, secret = known.one(AMI_USER), known.one(AMI_SECRET)
        if not user or not secret:
            raise SettingsError([f"{AMI_USER.name} and {AMI_SECRET.name} are required with {AMI.name}"])
        contexts = frozenset(listed(known.one(CONTEXTS)))
        insisting = Insisting(SOURCE, "ami", interpreter, taker, pause, random)
        calls = AmiCalls(known, contexts)
        door = AmiDoor(address, user, secret, calls, insisting, clock, pause, random=random)
        work.append(("asterisk-ami", door.run))
    path = known.one(QUEUE_LOG)
    if path:
        insisting = Insisting(SOURCE, "file", interpreter, taker, pause, random)
        work.append(
            ("asterisk-queue-log", QueueLogDoor(Path(path), QueueCalls(known), insisting, clock, pause).run)
        )
    return work
