from typing import Any

SOURCES: str

CaseRows: Any
OpenRows: Any
