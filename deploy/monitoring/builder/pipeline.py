"""The board of who runs Frontdesk: is it up, does it keep pace, what does it refuse."""

from __future__ import annotations

from deploy.monitoring.builder.grafana import Board, Panel, Row, Target
from deploy.monitoring.builder.pipeline_intake import INTAKE
from deploy.monitoring.builder.pipeline_kafka import KAFKA
from deploy.monitoring.builder.process_panels import OF_CHOSEN, VARIABLES, curve, grown_of, rate_of, slow
from deploy.monitoring.builder.promql import RANGE, STEP

UP = Row(
    "Is it all there",
    (
        Panel(
            "Processes up",
            "Targets that answered the last scrape, of each job. Alert FrontdeskTargetDown.",
            "short",
            (Target(f"sum by (job) (up{{{OF_CHOSEN}}})", "{{job}}"),),
            kind="stat",
            width=6,
            height=6,
            bad_below=1,
        ),
        Panel(
            "Versions",
            "Processes by service and version: two versions side by side are a rollout. frontdesk_build_info.",
            "short",
            (
                Target(
                    f"count by (service, version) (frontdesk_build_info{{{OF_CHOSEN}}})",
                    "{{service}} {{version}}",
                ),
            ),
            kind="stat",
            width=6,
            height=6,
        ),
        Panel(
            "Partitions",
            "Fact partitions that a router decides, decision partitions that metrics has and has ready, and partitions in "
            "all: the four are equal when all is well. Alerts FrontdeskPartitionUnowned, FrontdeskPartitionOwnedTwice.",
            "short",
            (
                Target("sum(frontdesk_router_partitions_owned)", "decided"),
                Target("sum(frontdesk_partitions_assigned)", "counted by somebody"),
                Target("sum(frontdesk_partitions_ready)", "ready"),
                Target("max(frontdesk_router_partitions_folded)", "in all"),
            ),
            kind="stat",
            width=6,
            height=6,
        ),
        Panel(
            "Age of the measures",
            "Time since the newest decision that is counted, by partition; a quiet one is old without being behind. "
            "time() - frontdesk_metrics_watermark_timestamp_seconds.",
            "s",
            (
                Target(
                    "time() - max by (partition) (frontdesk_metrics_watermark_timestamp_seconds)",
                    "partition {{partition}}",
                ),
            ),
            kind="bargauge",
            width=6,
            height=6,
            decimals=0,
        ),
        curve(
            "Age of the newest sign of life",
            "A heartbeat goes from intake through the router to metrics in every partition: quiet and stuck are told apart by "
            "it. time() - newest birth seen; the oldest partition. Alert FrontdeskHeartbeatMissing.",
            "s",
            *(
                (
                    f"time() - min(max by (partition) (frontdesk_{stage}_heartbeat_timestamp_seconds > 0))",
                    stage,
                )
                for stage in ("intake", "router", "metrics")
            ),
            width=12,
            bad_above=120,
        ),
        curve(
            "Delay of each stage",
            "How long the newest heartbeat was in a stage: router, from birth to decision; metrics, from decision to being "
            "counted. Alert FrontdeskStageSlow.",
            "s",
            (
                "max by (stage, partition) (frontdesk_stage_delay_seconds)",
                "{{stage}}, partition {{partition}}",
            ),
            width=12,
            bad_above=30,
        ),
    ),
)

ROUTER = Row(
    "Router: what is decided",
    (
        rate_of(
            "Decisions", "Decision records appended, by cause.", "frontdesk_router_decisions_total", "cause"
        ),
        slow("Deciding one fact", "Decide and fold.", "frontdesk_router_decide_seconds", "job"),
        rate_of(
            "Records read back",
            "By verdict; rejected ones came of a rival owner.",
            "frontdesk_router_records_folded_total",
            "verdict",
        ),
        grown_of(
            "Speculation dropped",
            "Times that the owner began again from the log, by reason.",
            "frontdesk_router_resets_total",
            "reason",
        ),
        grown_of(
            "Timers put aside",
            "Times that a due timer could not be decided and was left alone for a minute, by reason; the router's log has why. "
            "Alert FrontdeskTimersPutAside.",
            "frontdesk_router_timers_put_aside_total",
            "reason",
        ),
        grown_of(
            "Where folding began",
            "Partitions whose folding began at a snapshot, or at the start of the decisions for want of one.",
            "frontdesk_router_partitions_started_total",
            "at",
        ),
        grown_of(
            "Snapshots",
            "Snapshots of partitions' state, by how writing one ended. Alert FrontdeskSnapshotsFailing.",
            "frontdesk_router_snapshots_total",
            "result",
        ),
        slow(
            "Writing a snapshot",
            "In steps between which decisions go on.",
            "frontdesk_router_snapshot_seconds",
            "job",
        ),
        curve(
            "Size of snapshots",
            "Newest of each partition, before compression.",
            "bytes",
            ("max by (partition) (frontdesk_router_snapshot_bytes)", "partition {{partition}}"),
        ),
        grown_of(
            "Facts that could not be used",
            "Dead letters, by reason.",
            "frontdesk_router_dead_letters_total",
            "reason",
        ),
        Panel(
            "Dead letters lost",
            "Rejected facts whose dead letter could not be written. Alert FrontdeskDeadLettersLost.",
            "short",
            (
                Target(
                    f"sum(increase(frontdesk_router_dead_letters_dropped_total{{{OF_CHOSEN}}}[{RANGE}]))",
                    "letters",
                ),
            ),
            kind="stat",
            width=6,
            bad_above=1,
        ),
        curve(
            "Facts remembered",
            "Ids by which a repeat is known, by partition.",
            "short",
            ("max by (partition) (frontdesk_router_facts_remembered)", "partition {{partition}}"),
        ),
        curve(
            "Facts forgotten early",
            "Ids given up for the bound, since the log began; when it rises, raise facts_remembered_max.",
            "short",
            ("max by (partition) (frontdesk_router_facts_dropped)", "partition {{partition}}"),
        ),
        curve(
            "Desks overloaded",
            "Desks with more work than time, by partition.",
            "short",
            ("max by (partition) (frontdesk_router_desks_overloaded)", "partition {{partition}}"),
        ),
        curve(
            "Age of prices",
            "Time since prices of agents' time were last computed, of the desk for which it is longest.",
            "s",
            ("max(frontdesk_router_price_age_seconds)", "age"),
        ),
        curve(
            "Highest price",
            "In customer-seconds per agent-second.",
            "short",
            ("max(frontdesk_router_price_highest)", "price"),
        ),
        slow("Computing prices", "Off the path of decisions.", "frontdesk_router_price_seconds", "job"),
        grown_of(
            "Prices put in force",
            "By the program or the fallback.",
            "frontdesk_router_prices_total",
            "source",
        ),
        grown_of(
            "Prices not computed",
            "By reason; those in force stay.",
            "frontdesk_router_price_failures_total",
            "reason",
        ),
    ),
)

METRICS = Row(
    "Metrics: what is counted",
    (
        rate_of(
            "Decisions read",
            "By whether the chain accepted them.",
            "frontdesk_decisions_folded_total",
            "verdict",
        ),
        curve(
            "Recovery: records still to read",
            "Changelog records to read before a replica goes on.",
            "short",
            ("sum by (instance) (frontdesk_table_recovery_remaining)", "{{instance}}"),
        ),
        Panel(
            "What should be rare",
            "Records delivered again and skipped (duplicates), of an earlier instant than one before (late), given too early (gaps), partitions folded again from the "
            "log's start (rebuilds), and events that this version does not know.",
            "short",
            tuple(
                Target(f"sum(increase({name}{{{OF_CHOSEN}}}[{RANGE}]))", words)
                for name, words in (
                    ("frontdesk_events_duplicate_total", "duplicates"),
                    ("frontdesk_events_late_total", "late"),
                    ("frontdesk_metrics_gaps_total", "gaps"),
                    ("frontdesk_metrics_rebuilds_total", "rebuilds"),
                    ("frontdesk_events_unknown_total", "unknown events"),
                )
            ),
            kind="bargauge",
            width=6,
            decimals=0,
        ),
        Panel(
            "Queues in force",
            "Queues by desk. frontdesk_queue_info.",
            "short",
            (Target("count by (desk) (max by (desk, queue) (frontdesk_queue_info))", "{{desk}}"),),
            kind="bargauge",
            width=6,
            decimals=0,
        ),
    ),
)

RPC = Row(
    "gRPC and processes",
    (
        rate_of("Calls", "RPCs started.", "grpc_server_started_total", "grpc_method"),
        rate_of("Calls by result", "RPCs completed.", "grpc_server_handled_total", "grpc_code"),
        slow(
            "Calls: time",
            "One question, one answer.",
            "grpc_server_handling_seconds",
            "grpc_method",
            where='grpc_type="unary"',
        ),
        curve(
            "Calls under way",
            "Open now: sessions of agents' desktops among them.",
            "short",
            (f"sum by (job, instance) (frontdesk_grpc_open_calls{{{OF_CHOSEN}}})", "{{job}} {{instance}}"),
        ),
        curve(
            "CPU",
            "Cores in use by each process.",
            "short",
            (
                f"sum by (job, instance) (rate(process_cpu_seconds_total{{{OF_CHOSEN}}}[{STEP}]))",
                "{{job}} {{instance}}",
            ),
        ),
        curve(
            "Memory",
            "Resident memory of each process.",
            "bytes",
            (f"process_resident_memory_bytes{{{OF_CHOSEN}}}", "{{job}} {{instance}}"),
        ),
        curve(
            "Files and connections",
            "Open ones, as a share of what the system allows.",
            "percentunit",
            (f"process_open_fds{{{OF_CHOSEN}}} / process_max_fds{{{OF_CHOSEN}}}", "{{job}} {{instance}}"),
        ),
    ),
)

BOARD = Board(
    "frontdesk-pipeline",
    "Frontdesk: Pipeline health",
    "For who runs it: is it all there, does each stage keep pace, what is refused, lost or slow.",
    (UP, INTAKE, ROUTER, METRICS, KAFKA, RPC),
    VARIABLES,
    since="now-6h",
)
