"""Questions that take longer than a page may wait: they are answered by threads, and the page looks again."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")

KEEP_ANSWERS: Final = 128
PATIENCE: Final = 0.7  # seconds that a page waits before it shows the rest


class Background:
    """Shared by all sessions of the dashboard's process; thread-safe."""

    def __init__(self, threads: int = 3) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="page")
        self._asked: OrderedDict[Hashable, tuple[float, Future[Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, key: Hashable, question: Callable[[], T], max_age: float, retry: float | None = None) -> T | None:
        """The answer, at most `max_age` seconds old; None while it is being looked for. `key` names the question.

        What the question raises is raised here, and after `retry` seconds (None: `max_age`) it is asked again.
        """
        with self._lock:
            asked = self._asked.get(key)
            if asked is None or _too_old(asked, max_age, max_age if retry is None else retry):
                asked = (time.monotonic(), self._pool.submit(question))
                self._asked[key] = asked
                while len(self._asked) > KEEP_ANSWERS:
                    self._asked.popitem(last=False)
            self._asked.move_to_end(key)
        done, _ = wait([asked[1]], PATIENCE)
        return cast(T, asked[1].result()) if done else None


def _too_old(asked: tuple[float, Future[Any]], max_age: float, retry: float) -> bool:
    since, answer = asked
    if not answer.done():
        return False
    return time.monotonic() - since >= (retry if answer.exception() is not None else max_age)
