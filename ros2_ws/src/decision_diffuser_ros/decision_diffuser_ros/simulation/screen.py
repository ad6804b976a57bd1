"""Whether there is a screen for a simulator's window."""

import os
import sys

from decision_diffuser_ros.errors import ConfigurationError

SCREEN_VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY")
"""Of the environment; a desktop session on Linux sets one of them."""


def require_screen() -> None:
    """Refuses a window where no screen is there to show it.

    Raises:
        ConfigurationError: on Linux, outside of a desktop session.
    """
    if sys.platform == "linux" and not any(os.environ.get(name) for name in SCREEN_VARIABLES):
        raise ConfigurationError(
            f"`gui` needs a screen, and neither {' nor '.join(SCREEN_VARIABLES)} is set; use gui: false"
        )
