"""Signed webhooks through the whole of intake into durable facts: how many a second, and how long each waits.

Two intake processes serve, as two replicas behind a balancer would, on the same two cores as the broker and the
client; every request is a delivery of its own (other ids, other words in six languages, signed as its provider
signs), made before the clock starts. What is counted is 2xx answers, and the facts' partitions must have grown by
exactly as many records. The reference is Kafka's own producer benchmark in the same run.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

from benchmarks.append import reference_rate
from benchmarks.measure import Figure, percentile
from services.contract.topics import FACTS
from services.runtime.kafka_log import KafkaLog
from services.runtime.log import TopicSpec

PROCESSES = 2
CONNECTIONS = 64
REQUESTS = 24_000
PACED_SECONDS = 8
GOAL_PER_SECOND = 3_000
PACED_PER_SECOND = GOAL_PER_SECOND // 2
GOAL_P99_MS = 60.0
PARTITIONS = 16
PUBLIC = "https://desk.example"
ROOT = Path(__file__).resolve().parent.parent
TOKEN, SECRET, BASIC = "bench-twilio-token", "bench-meta-secret", "bench:postmark-password"
TEXTS = (
    "Where is my parcel? It should have arrived on Monday and the tracking page has not changed since.",
    "Ich warte seit zwei Wochen auf die Erstattung von 49,90 Euro für meine Retoure.",
    "A minha fatura de março foi cobrada duas vezes no cartão, podem verificar por favor?",
    "Zovem već treći put zbog iste reklamacije i niko mi ne odgovara na mejlove.",
    "Не могу да се пријавим на налог, лозинка не ради од јуче.",
    "Prosim za spremembo naslova dostave za naročilo, ki še ni odposlano.",
    "నా ఆర్డర్ ఇంకా రాలేదు, ఎప్పుడు వస్తుందో చెప్పగలరా?",
)


async def run(bootstrap: str) -> list[Figure]:
    """Rate, CPU and latency; all absolute but the ratios to the broker's own producer and to the goals."""
    log = await KafkaLog.connect(bootstrap)
    try:
        with ExitStack() as stack:
            reference = await _reference(log, bootstrap)
            doors = [stack.enter_context(serving(bootstrap)) for _ in range(PROCESSES)]
            await load([door.http for door in doors], requests(2_000), pace=0)  # warm
            before = await _records(log)
            cpu = sum(door.cpu_seconds() for door in doors)
            full = await load([door.http for door in doors], requests(REQUESTS), pace=0)
            cpu = sum(door.cpu_seconds() for door in doors) - cpu
            grown = await _records(log) - before
            paced = await load(
                [door.http for door in doors],
                requests(PACED_PER_SECOND * PACED_SECONDS),
                pace=PACED_PER_SECOND,
            )
    finally:
        await log.close()
    assert full.refused == paced.refused == 0, (full.refused, paced.refused)
    assert grown == REQUESTS, f"{grown} facts of {REQUESTS} deliveries"
    rate = REQUESTS / full.seconds
    return [
        Figure("Kafka's own producer (Java)", reference, "records/s"),
        Figure("signed webhooks to durable facts", rate, "/s"),
        Figure("ratio to Kafka's own producer", rate / reference, ""),
        Figure(f"share of the goal of {GOAL_PER_SECOND}/s", rate / GOAL_PER_SECOND, "x"),
        Figure("CPU of intake", cpu / REQUESTS * 1e6, "us/delivery"),
        Figure(f"at {PACED_PER_SECOND}/s, p50", percentile(paced.waits, 0.5) * 1e3, "ms"),
        Figure(f"at {PACED_PER_SECOND}/s, p99", percentile(paced.waits, 0.99) * 1e3, "ms"),
        Figure(
            f"p99 as a share of the goal of {GOAL_P99_MS:.0f} ms",
            percentile(paced.waits, 0.99) * 1e3 / GOAL_P99_MS,
            "x",
        ),
    ]


async def _reference(log: KafkaLog, bootstrap: str) -> float:
    topic = f"bench.reference.{time.time_ns():x}"
    await log.create_topics([TopicSpec(topic, PARTITIONS)])
    return await asyncio.to_thread(reference_rate, bootstrap, topic)


async def _records(log: KafkaLog) -> int:
    return sum([await log.end_offset(FACTS, partition) for partition in range(PARTITIONS)])


@dataclass
class Door:
    """One intake process."""

    process: subprocess.Popen[str]
    http: str
    grpc: str

    def cpu_seconds(self) -> float:
        """User and system time so far (proc(5), fields 14 and 15)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        """Resident memory now."""
        for row in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if row.startswith("VmRSS:"):
                return int(row.split()[1]) / 1024
        return 0.0


@contextmanager
def serving(bootstrap: str) -> Iterator[Door]:
    """An intake process on free ports; ended on leaving."""
    env = {
        **os.environ,
        "FRONTDESK_HTTP_PORT": "0",
        "FRONTDESK_GRPC_PORT": "0",
        "FRONTDESK_SMTP_PORT": "0",
        "FRONTDESK_METRICS_PORT": "0",
        "FRONTDESK_PARTITIONS": str(PARTITIONS),
        "FRONTDESK_IDENTITY_KEY": "an identity key for benchmarks only",
        "FRONTDESK_DEFAULT_DESK": "acme",
        "FRONTDESK_PUBLIC_URL": PUBLIC,
        "FRONTDESK_TWILIO_AUTH_TOKENS": TOKEN,
        "FRONTDESK_META_APP_SECRETS": SECRET,
        "FRONTDESK_POSTMARK_BASIC_AUTH": BASIC,
        "FRONTDESK_LOG_JSON": "true",
    }
    command = [
        sys.executable,
        "-m",
        "services",
        "serve",
        "intake",
        "--log",
        "kafka",
        "--bootstrap",
        bootstrap,
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield Door(process, ready["http"], ready["grpc"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def requests(count: int) -> list[bytes]:
    """Whole HTTP requests: SMS, Messenger, WhatsApp and mail in turn, each signed and with an id of its own."""
    run_id = f"{time.time_ns():x}"
    rng = random.Random(run_id)
    makers = (_sms, _messenger, _whatsapp, _postmark)
    return [
        makers[number % len(makers)](f"{run_id}{number:07x}", rng.choice(TEXTS), number)
        for number in range(count)
    ]


def _post(path: str, kind: str, body: bytes, extra: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: desk.example\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def _sms(unique: str, text: str, number: int) -> bytes:
    fields = {
        "MessageSid": f"SM{unique}",
        "AccountSid": "AC" + "0" * 32,
        "From": f"+49151{number % 10_000_000:07d}",
        "To": "+4930901820",
        "Body": text,
        "NumMedia": "0",
        "FromCountry": "DE",
    }
    signed = PUBLIC + "/hooks/twilio/sms" + "".join(name + fields[name] for name in sorted(fields))
    mac = base64.b64encode(hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items()).encode()
    return _post(
        "/hooks/twilio/sms", "application/x-www-form-urlencoded", body, f"X-Twilio-Signature: {mac}\r\n"
    )


def _meta(payload: object) -> bytes:
    body = json.dumps(payload).encode()
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return _post("/hooks/meta", "application/json", body, f"X-Hub-Signature-256: sha256={mac}\r\n")


def _messenger(unique: str, text: str, number: int) -> bytes:
    item = {
        "sender": {"id": f"{7_000_000_000 + number}"},
        "recipient": {"id": "100"},
        "timestamp": 1_775_217_600_000 + number,
        "message": {"mid": f"m_{unique}", "text": text},
    }
    return _meta({"object": "page", "entry": [{"id": "100", "time": 1_775_217_600_000, "messaging": [item]}]})


def _whatsapp(unique: str, text: str, number: int) -> bytes:
    sender = f"49151{number % 10_000_000:07d}"
    message = {
        "from": sender,
        "id": f"wamid.{unique}",
        "timestamp": str(1_775_217_600 + number),
        "type": "text",
        "text": {"body": text},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "4930901820", "phone_number_id": "277"},
        "contacts": [{"profile": {"name": "A. Customer"}, "wa_id": sender}],
        "messages": [message],
    }
    return _meta(
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
        }
    )


def _postmark(unique: str, text: str, number: int) -> bytes:
    payload = {
        "MessageID": unique,
        "FromFull": {"Email": f"customer{number}@example.org", "Name": "A. Customer"},
        "ToFull": [{"Email": "help@acme.example", "Name": ""}],
        "Subject": "My order",
        "Date": "Fri, 3 Apr 2026 10:00:00 +0200",
        "TextBody": f"{text}\n\nOn Thu, 2 Apr 2026 at 09:12, Acme <help@acme.example> wrote:\n> Thank you for your order.\n",
        "Headers": [{"Name": "Message-ID", "Value": f"<{unique}@example.org>"}],
    }
    credentials = base64.b64encode(BASIC.encode()).decode()
    return _post(
        "/hooks/postmark",
        "application/json",
        json.dumps(payload).encode(),
        f"Authorization: Basic {credentials}\r\n",
    )


@dataclass
class Load:
    """What a load came to; waits in seconds, from when a request was due (paced) or sent."""

    seconds: float = 0.0
    refused: int = 0
    waits: list[float] = field(default_factory=list)


class Client(asyncio.Protocol):
    """One connection with one request on its way; takes the next of a shared queue as soon as it is answered."""

    def __init__(self, queue: deque[tuple[float, bytes]], load: Load, done: asyncio.Future[None]) -> None:
        self._queue, self._load, self._done = queue, load, done
        self._buffer = b""
        self._sent = 0.0
        self.idle = True
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def next(self) -> None:
        """Sends the next request, if there is one."""
        if not self._queue:
            self.idle = True
            return
        due, request = self._queue.popleft()
        self.idle, self._sent = False, due or time.perf_counter()
        assert self._transport is not None
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        self._buffer = b""
        self._load.waits.append(time.perf_counter() - self._sent)
        if not head.startswith(b"HTTP/1.1 200"):
            self._load.refused += 1
        self.next()
        if self.idle and len(self._load.waits) >= self._load_total and not self._done.done():
            self._done.set_result(None)

    _load_total = 0

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(error or ConnectionResetError("intake closed the connection"))

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


async def load(addresses: Sequence[str], payload: Sequence[bytes], *, pace: int) -> Load:
    """Sends all requests: each connection one after the other (pace 0), or `pace` a second."""
    loop = asyncio.get_running_loop()
    load, queue, done = Load(), deque[tuple[float, bytes]](), loop.create_future()
    clients: list[Client] = []
    for number in range(CONNECTIONS):
        target = urlsplit(addresses[number % len(addresses)])
        _, client = await loop.create_connection(
            lambda: Client(queue, load, done), target.hostname or "", target.port or 0
        )
        client._load_total = len(payload)
        clients.append(client)
    began = time.perf_counter()
    if not pace:
        queue.extend((0.0, one) for one in payload)
        for client in clients:
            client.next()
    else:
        for number, one in enumerate(payload):
            due = began + number / pace
            if due - time.perf_counter() > 0.001:
                await asyncio.sleep(due - time.perf_counter())
            queue.append((due, one))
            idle = next((client for client in clients if client.idle), None)
            if idle is not None:
                idle.next()
    await asyncio.wait_for(done, 300)
    load.seconds = time.perf_counter() - began
    done.exception()
    for client in clients:
        client.close()
    return load
