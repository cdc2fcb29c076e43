"""frontdesk demo: a morning of recorded deliveries against simulated agents, on the real services."""
