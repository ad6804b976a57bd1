"""What the package logs by Python's `logging` is said by a node, to its log and to /rosout."""

from __future__ import annotations

import logging

from rclpy.impl.rcutils_logger import RcutilsLogger

PACKAGE_LOGGER = "decision_diffuser_ros"


class LogForwarding(logging.Handler):
    """From when it is made until it is closed, what the package logs is said by a node's logger, as severely.

    Records may come from any thread. Where several nodes of a process forward, each says all of them, for they do not
    tell what node they are about. rclpy logs nothing by `logging`, so that no record comes back here.
    """

    def __init__(self, logger: RcutilsLogger) -> None:
        """Begin to forward to `logger`."""
        super().__init__()
        self._logger = logger
        logging.getLogger(PACKAGE_LOGGER).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Say one record; one that cannot be said is printed with the reason, as all handlers of `logging` do."""
        try:
            self._say(record.levelno, self.format(record))
        except Exception:  # noqa: BLE001 - whoever logs must not end by it
            self.handleError(record)

    def _say(self, level: int, text: str) -> None:
        """Say a text. An rclpy logger takes one severity only from each place that calls it."""
        if level >= logging.CRITICAL:
            self._logger.fatal(text)
        elif level >= logging.ERROR:
            self._logger.error(text)
        elif level >= logging.WARNING:
            self._logger.warning(text)
        elif level >= logging.INFO:
            self._logger.info(text)
        else:
            self._logger.debug(text)

    def close(self) -> None:
        """Forward no more. Harmless when called again."""
        logging.getLogger(PACKAGE_LOGGER).removeHandler(self)
        super().close()
