"""A metrics process on Kafka for tests to kill: python -m tests.integration.metrics_worker BOOTSTRAP N TOPIC APP_ID.

Prints one JSON line with its addresses once it is ready, then folds until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import sys

from prometheus_client import CollectorRegistry

from services.metrics.api import NAME
from services.metrics.build import build_kafka
from services.metrics.settings import MetricsSettings
from services.runtime.clock import WallClock
from services.runtime.lifecycle import stop_on_signals, until_stopped
from services.runtime.observe import configure_logs, serve_metrics
from services.runtime.rpc import serve


async def main(bootstrap: str, partitions: int, topic: str, app_id: str, flush_records: int) -> None:
    stop = stop_on_signals()
    registry = CollectorRegistry()
    metrics = build_kafka(
        MetricsSettings(app_id=app_id, flush_records=flush_records, publish_ms=50, session_timeout_ms=6_000),
        clock=WallClock(),
        bootstrap=bootstrap,
        partitions=partitions,
        registry=registry,
        decisions=topic,
    )
    server = await serve([metrics.add_to_grpc], [NAME], address="127.0.0.1:0", registry=registry)
    endpoint = serve_metrics(registry, host="127.0.0.1", port=0)

    async def announce() -> None:
        sys.stdout.write(json.dumps({"metrics": endpoint.port, "grpc": server.port}) + "\n")
        sys.stdout.flush()
        await metrics.ready()
        sys.stdout.write(json.dumps({"ready": True}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    work = [("metrics", asyncio.create_task(metrics.run())), ("announce", asyncio.create_task(announce()))]
    try:
        await until_stopped(work, stop)
    finally:
        for _, task in work:
            task.cancel()
        await asyncio.gather(*(task for _, task in work), return_exceptions=True)
        endpoint.close()
        await server.close(grace_seconds=0)


if __name__ == "__main__":
    configure_logs(level="info", as_json=False)
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])))
