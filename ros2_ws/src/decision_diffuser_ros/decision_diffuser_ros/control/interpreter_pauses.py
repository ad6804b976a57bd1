"""What in the Python interpreter keeps a control loop from its deadline, made short."""

from __future__ import annotations

import gc
import sys

SWITCH_INTERVAL = 0.0005
"""For which a thread keeps Python's lock while another one waits for it [s]; Python's own choice is 5 ms."""


def shorten_pauses() -> None:
    """Let threads take turns quickly, and let the garbage collector pass by all that is there already.

    What was loaded and configured is there to stay; to go through it takes milliseconds, in whichever thread happens to
    make one object too many. Called again it lets go of what was passed by before and is of no use any more.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.unfreeze()
    gc.collect()
    gc.freeze()
