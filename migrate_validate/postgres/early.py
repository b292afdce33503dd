"""What will be wanted soon, made ready on a thread while others work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Generic, TypeVar

Resource = TypeVar("Resource")


class Early(Generic[Resource]):
    """A context manager that is entered at once, on a thread; whoever enters this one gets what that gave, or raised.

    It is entered once, and where nobody comes to do it, :meth:`discard` leaves it.
    """

    def __init__(self, manager: AbstractContextManager[Resource]) -> None:
        """Begin to enter the other one."""
        self._manager = manager
        self._wanted = False
        executor = ThreadPoolExecutor(1, thread_name_prefix="migrate-validate-early")
        self._entered = executor.submit(manager.__enter__)
        executor.shutdown(wait=False)

    def __enter__(self) -> Resource:
        """Wait for what the thread has made."""
        resource = self._entered.result()
        self._wanted = True
        return resource

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Leave what the thread has entered."""
        return self._manager.__exit__(kind, error, trace)

    def discard(self) -> None:
        """Leave it, unless somebody has come to enter it. That it could not be made does not matter then."""
        if not self._wanted and self._entered.exception() is None:
            self._manager.__exit__(None, None, None)
