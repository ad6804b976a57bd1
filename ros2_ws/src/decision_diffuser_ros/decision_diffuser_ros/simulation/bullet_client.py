"""PyBullet, without what its native code prints.

PyBullet writes its build time when it is imported and `argv[0]=` whenever a client connects, past Python's own streams;
they would spoil the tables and JSON of whoever uses a simulation. Import `pybullet` from here.
"""

import contextlib
import os
import sys
from collections.abc import Iterator

from decision_diffuser_ros.simulation.screen import require_screen

__all__ = ["BulletClient", "connect", "pybullet"]


@contextlib.contextmanager
def _silent_native_output() -> Iterator[None]:
    """Sends what native code prints to nowhere; exceptions pass as ever."""
    sys.stdout.flush()
    sys.stderr.flush()
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        saved = [os.dup(descriptor) for descriptor in (1, 2)]
        try:
            for descriptor in (1, 2):
                os.dup2(nowhere.fileno(), descriptor)
            yield
        finally:
            for descriptor, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, descriptor)
                os.close(copy)


with _silent_native_output():
    import pybullet
    from pybullet_utils.bullet_client import BulletClient


def connect(*, gui: bool = False) -> BulletClient:
    """A new, empty PyBullet world; with `gui` in a window of its own.

    Raises:
        ConfigurationError: there is no screen for the window; PyBullet itself would end the process without a word.
    """
    if gui:
        require_screen()
    with _silent_native_output():
        return BulletClient(connection_mode=pybullet.GUI if gui else pybullet.DIRECT)
