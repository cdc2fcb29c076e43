from collections.abc import Callable
from typing import Any

SOURCES: str

class Writer:
    def __init__(
        self,
        by_python: Callable[[Any], Any],
        is_map: Any,
        planned: Callable[[type[Any]], tuple[tuple[str, ...], tuple[int, ...], Any] | None],
        array: type[Any],
    ) -> None: ...
    def text(self, value: Any) -> bytes: ...
    def entry(self, key: Any, value: Any) -> bytes: ...
