"""Commands that are refused before a node is started."""

from pathlib import Path

import pytest

from decision_diffuser_ros.command_line import main


def refusal(capsys: pytest.CaptureFixture[str], output: Path, *arguments: str) -> str:
    """The one line with which a command is refused; `output` is not there before, nor after."""
    assert main.run((*arguments, "--output", str(output)), application=main.build_application()) == 2
    assert not output.exists(), "nodes have been started"
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    return complaint
