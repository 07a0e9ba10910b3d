"""Where the CPU kernels run: the threads, and buffers that are used again.

Kernels are serial numba functions without the GIL, called as `kernel(first, stride, tasks, …)` from a pool of Python
threads: no OpenMP (its threads spin beside torch's and do not survive fork), no atomics. A kernel does tasks `first`,
`first + stride`, …; what a task computes never depends on which thread runs it, so bytes repeat for any
`torch.set_num_threads`. A Ctrl-C inside a kernel is raised when the kernels under way have ended.
"""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from avatarkit.kernels import collector_paused

BANDS = 16
"""Bands of rows that a view is cut into, whatever the number of threads: sums over them keep their order."""

THREADS = os.cpu_count() or 1
"""The most threads that kernels run on: rows of what each thread keeps for itself."""

_ready: set[int] = set()


@lru_cache
def _pool(process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="avatarkit-render")


def run(kernel: Callable[..., Any], tasks: int, *arguments: Any) -> None:
    """Do all tasks of a kernel on `torch.get_num_threads()` threads, this one among them."""
    if id(kernel) in _ready:
        _run(kernel, tasks, arguments)
        return
    with collector_paused():  # while it is loaded or compiled
        _run(kernel, tasks, arguments)
    _ready.add(id(kernel))


def _run(kernel: Callable[..., Any], tasks: int, arguments: Sequence[Any]) -> None:
    threads = max(1, min(torch.get_num_threads(), tasks, THREADS))
    if threads == 1:
        kernel(0, 1, tasks, *arguments)
        return
    others = [_pool(os.getpid()).submit(kernel, i, threads, tasks, *arguments) for i in range(1, threads)]
    try:
        kernel(0, threads, tasks, *arguments)
    finally:
        wait(others)
    for other in others:
        other.result()


class Buffers:
    """Arrays by name that outlive a call: fresh memory costs a page fault each 4 kB, more than the arithmetic."""

    def __init__(self) -> None:
        self._memory: dict[str, np.ndarray] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """An array with arbitrary contents; the one taken before under this name is overwritten."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        found = self._memory.get(name)
        if found is None or found.nbytes < size:
            found = self._memory[name] = np.empty(size, np.uint8)
        return found[:size].view(dtype).reshape(shape)


_idle: list[Buffers] = []


class Lease:
    """Buffers for one call; the next call gets them when the last reference to the lease is gone."""

    def __init__(self) -> None:
        try:
            self.buffers = _idle.pop()
        except IndexError:
            self.buffers = Buffers()
        self.take = self.buffers.take

    def __del__(self) -> None:
        if len(_idle) < 2:
            _idle.append(self.buffers)
