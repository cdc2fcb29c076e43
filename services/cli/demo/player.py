"""Plays the deliveries to intake at their time, as the providers would: HTTP posts and SMTP mail."""

from __future__ import annotations

import asyncio
import smtplib
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from services.cli.demo.stories import Delivery, Morning
from services.cli.demo.truth import Ledger
from services.runtime.clock import Clock

ATTEMPTS_MAX = 60
RETRY_SECONDS = 0.5
"""A provider repeats what was answered with 5xx or not at all; the fact's id makes that safe."""
OVER_SECONDS_MAX = 60
"""Longest wait for a contact to be over before its customer comes back."""

log = structlog.get_logger()


class NotTaken(Exception):
    """Intake refused or never took a delivery that it must take."""


class Player:
    """Sends the morning; callers hang up when their patience ends."""

    def __init__(
        self, morning: Morning, ids: dict[str, str], http: str, smtp: str, clock: Clock, ledger: Ledger
    ) -> None:
        self._morning, self._ids, self._http, self._smtp = morning, ids, http, smtp
        self._clock, self._ledger = clock, ledger
        self.statuses: dict[str, int] = {}

    async def play(self, begins_at_ms: int) -> None:
        """Returns once everything is sent and every impatient caller has decided."""
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
            for delivery in self._morning.deliveries:
                await self._clock.sleep_ms(begins_at_ms + delivery.at_ms - self._clock.now_ms())
                group.create_task(self._deliver(http, delivery))

    async def _deliver(self, http: aiohttp.ClientSession, delivery: Delivery) -> None:
        contact_id = self._ids.get(delivery.name, "")
        if delivery.repeat_of:
            await self._over(self._ids[delivery.repeat_of])
        if delivery.is_contact:
            self._ledger.arrived(contact_id, delivery)
        self._ledger.mentions += delivery.mention
        if "smtp" in delivery.case:
            await self._until_taken(
                delivery.name, lambda: asyncio.to_thread(self._mail, delivery.case["smtp"])
            )
            return
        await self._until_taken(delivery.name, lambda: self._post(http, delivery.case["request"]))
        if delivery.patience_ms:
            await self._clock.sleep_ms(delivery.patience_ms)
            if not self._ledger.contacts[contact_id].assigned_to:
                self._ledger.contacts[contact_id].hung_up = True
                await self._until_taken(delivery.name, lambda: self._post(http, delivery.case["hang_up"]))

    async def _over(self, contact_id: str) -> None:
        """Who comes back does so after the first contact, however long an outage made that last."""
        async with asyncio.timeout(OVER_SECONDS_MAX):
            while not self._ledger.contacts[contact_id].outcome:  # noqa: ASYNC110 # the ledger is plain data, polled
                await asyncio.sleep(0.05)

    async def _until_taken(self, name: str, send: Any) -> None:
        """Sends until intake answers below 500, as providers do."""
        for _ in range(ATTEMPTS_MAX):
            try:
                status = await send()
            except (aiohttp.ClientError, OSError, smtplib.SMTPException) as error:
                log.info("delivery_repeated", delivery=name, error=type(error).__name__)
                status = 599
            if status < 500:
                self.statuses[name] = status
                return
            await asyncio.sleep(RETRY_SECONDS)
        raise NotTaken(f"{name}: intake did not take it in {ATTEMPTS_MAX} attempts")

    async def _post(self, http: aiohttp.ClientSession, request: dict[str, Any]) -> int:
        url = urlsplit(request["url"])
        async with http.post(
            self._http + url._replace(scheme="", netloc="").geturl(),
            data=request["body"].encode(),
            headers=request["headers"],
        ) as response:
            return response.status

    def _mail(self, mail: dict[str, Any]) -> int:
        host, _, port = self._smtp.rpartition(":")
        with smtplib.SMTP(host, int(port), timeout=10) as smtp:
            smtp.sendmail(mail["mail_from"], mail["rcpt_to"], mail["data"].encode())
        return 250
