"""Chaos on a real Kafka: three routers under load while everything around them fails, then the log is asked.

    python -m tests.chaos --minutes 20 --rate 500        (make chaos)

`ground` makes the machine's part (network namespaces, a small disk), `cluster` the brokers, `routers` the processes
under test with a supervisor that starts again whatever ends; `load` sends contacts, `agents` works as agents by gRPC and
writes down what it was told; `faults` is the schedule; `check` reads the whole of both logs and the agents' records
afterwards, `report` prints the table.
"""
