"""A progress bar for commands that take long."""

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float, float], None]]:
    """Yields what is to be told how much of how much is done; a bar shows it if standard error is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(disable=not sys.stderr.isatty(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
