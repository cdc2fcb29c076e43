"""One suite for every implementation of services/runtime/log.py: what holds for one holds for all."""
