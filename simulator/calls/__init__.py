"""A call centre's own log, played again: do the simulator's waits come out as they were (routing.md 6.8, "Real calls")?"""
