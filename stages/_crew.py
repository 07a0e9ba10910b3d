"""Who does the work: this process, or several of one thread each, spawned, as OpenMP does not survive a fork."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from queue import SimpleQueue
from threading import Thread
from types import FrameType
from typing import Any


def attempts(
    attempt: Callable[[Any], Any], items: Iterable[Any], jobs: int, settle: Callable[[], None]
) -> Generator[Any, None, None]:
    """`attempt(item)` of each, which never raises: in order, or with `jobs` processes in the order in which they end.

    Items are taken as they come, work starts on the first. `settle` is called first in each process. Whoever stops
    asking stops the work, and each process cleans up after itself.
    """
    if jobs == 1:
        yield from map(attempt, items)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import active_children, get_context

    for variable in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"  # the processes are the threads
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_settled, initargs=(settle,))
    ended: SimpleQueue[Any] = SimpleQueue()  # of futures; at last how many there are, or why there are no more

    def begin() -> None:
        """In a thread of its own, as the next item may be long in coming."""
        count = 0
        try:
            for item in items:
                pool.submit(_attempted, attempt, item).add_done_callback(ended.put)
                count += 1
        except BaseException as error:
            ended.put(error)
        ended.put(count)

    try:
        Thread(target=begin, daemon=True).start()
        yield from _results(ended)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown()


def _results(ended: SimpleQueue[Any]) -> Iterator[Any]:
    done, total = 0, None
    while total is None or done < total:
        found = ended.get()
        if isinstance(found, BaseException):
            raise found
        if isinstance(found, int):
            total = found
            continue
        done += 1
        yield found.result()


def _settled(settle: Callable[[], None]) -> None:
    """Ctrl-C reaches every process of a terminal: the first of them stops the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settle()


def _attempted(attempt: Callable[[Any], Any], item: Any) -> Any:
    """An attempt that a polite kill interrupts, as Ctrl-C would; the process ends once that has been cleaned up."""
    killed: list[int] = []

    def interrupt(signum: int, frame: FrameType | None) -> None:
        killed.append(signum)
        signal.default_int_handler(signum, frame)

    signal.signal(signal.SIGTERM, interrupt)
    try:
        return attempt(item)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if killed:
            os._exit(1)  # the pool would hand it the next item
