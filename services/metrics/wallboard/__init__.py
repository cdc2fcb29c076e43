"""The wallboard: today's service on a page of its own, for a screen on the wall and for people without Grafana.

    board ──▶ quarters ──▶ view ──▶ frame (JSON) ──▶ stage ──▶ doors ──▶ browsers
              (counts)     (pure)                    (one frame for all viewers)  (HTTP, server-sent events)

It reads the board of metrics and nothing else, and knows no customer: counts, queues, channels and states of agents.
"""
