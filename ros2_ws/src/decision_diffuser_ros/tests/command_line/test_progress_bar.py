"""A progress bar is for people who watch."""

import io
import sys

import pytest

from decision_diffuser_ros.command_line.progress_bar import progress_bar


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_shows_what_is_done_and_a_file_stays_empty(monkeypatch, is_terminal):
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar("episodes") as progress:
        progress(3, 4)
    assert ("episodes" in stream.getvalue()) == is_terminal
    assert ("75%" in stream.getvalue()) == is_terminal
