"""Rival owners, simulated: the router's own owner, tail and commands on a log that loses, doubles, delays and reorders.

`virtual` is the loop on which time passes by itself; `store` the one true log of a partition and how each process
sees it; `replica` a router process that can be killed or stopped; `history` one seeded run of three of them with
callers, and what must hold after it; `mutants` are routers that break one rule, so that it can be shown that the
simulation finds them. `python -m tests.rivals --histories 100000` plays many.
"""
