"""The one error of evolve."""


class CorruptLog(Exception):
    """An accepted record says something impossible or unknown; nothing was changed. Stop, never skip."""
