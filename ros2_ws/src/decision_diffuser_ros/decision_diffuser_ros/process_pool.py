"""A pool of processes that ends with the process that made it."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

EXIT_ORPHANED = 1


def process_pool(
    processes: int, *, prepare: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
) -> ProcessPoolExecutor:
    """A pool of processes that are begun afresh, so that threads and open files of this one do not matter.

    However this process ends, the pool's do too. By default they would wait for work for ever once it is killed.

    Args:
        processes: how many.
        prepare: called once in every process.
        arguments: of `prepare`.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(prepare, arguments))


def _begin(prepare: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare is not None:
        prepare(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(EXIT_ORPHANED)  # at once: nobody is there to take a result, and the work under way may take long
