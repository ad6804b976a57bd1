"""What the set-up tells the person who waits for it, and the one way in which it stops."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

LINES_OF_LOG_SHOWN = 25


class SetupError(Exception):
    """The set-up cannot go on; the message is one line with the remedy."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Prints `title` while the step runs, then the seconds it took."""
    print(f"  {title} ... ", end="", flush=True)
    begin = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - begin:.0f} s", flush=True)


def run_logged(command: Sequence[str], log: Path, environment: Mapping[str, str], directory: Path) -> None:
    """Runs `command` with its output appended to `log`.

    Raises:
        SetupError: the command failed; the end of its output has been printed on stderr.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+", encoding="utf-8", errors="replace") as stream:
        stream.write(f"\n$ {' '.join(command)}\n")
        stream.flush()
        begin = stream.tell()
        code = subprocess.run(command, stdout=stream, stderr=stream, env=environment, cwd=directory).returncode
        if code == 0:
            return
        stream.seek(begin)
        end_of_output = stream.read().splitlines()[-LINES_OF_LOG_SHOWN:]
    print("\n" + "\n".join(end_of_output), file=sys.stderr)
    raise SetupError(f"'{' '.join(command[:6])} ...' failed with exit code {code}; everything it said is in {log}")
