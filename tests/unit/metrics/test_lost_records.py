"""aiokafka's fetcher outlives records that another thread has dropped."""

from __future__ import annotations

from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState

from services.metrics.lost_records import Records, outlive_lost_records


async def test_a_fetcher_may_drop_what_is_gone_already() -> None:
    outlive_lost_records()
    outlive_lost_records()
    fetcher = Fetcher(AIOKafkaClient(bootstrap_servers="127.0.0.1:9"), SubscriptionState())
    try:
        assert type(fetcher._records) is Records
        fetcher._records["partition"] = "records"
        del fetcher._records["partition"]
        del fetcher._records["partition"]
        assert not fetcher._records
    finally:
        await fetcher.close()
