from collections.abc import Callable
from typing import TypeVar

SOURCES: str

C = TypeVar("C", bound=Callable[..., object])

def construct(kind: type[object]) -> bool: ...
def changing(by_python: C) -> C: ...
