from typing import Any

SOURCES: str

joined: Any
