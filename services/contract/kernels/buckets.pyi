from typing import Any

SOURCES: str

Buckets: Any
Aged: Any
