"""Options that several commands have: what they refuse is refused before the work, in one line."""

import os
import stat
from pathlib import Path

import pytest
from typer.main import get_command

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.command_line.options import default_directory
from decision_diffuser_ros.errors import CommandLineError

APPLICATION = get_command(main.build_application())
REQUIRED = {
    "collect": ["quadruped_gaits"],
    "convert": ["nowhere.yaml", "nowhere"],
    "train": ["quadruped_gaits", "--data", "nowhere"],
    "distil": ["quadruped_gaits", "--training", "nowhere", "--data", "nowhere"],
    "feasibility": ["quadruped_gaits"],
}
"""What must be given beside the option."""


def commands_with(option: str) -> list[list[str]]:
    """The command lines of all commands that have an option, with what must be given beside it."""
    lines = []
    for name, command in APPLICATION.commands.items():
        parts = [
            ([name], command),
            *(([name, part], below) for part, below in getattr(command, "commands", {}).items()),
        ]
        lines += [
            [*names, *REQUIRED.get(names[-1], [])]
            for names, each in parts
            if any(option in parameter.opts for parameter in each.params)
        ]
    return lines


def refusal(capsys, *arguments: str) -> str:
    """The one line with which a command refuses."""
    assert main.run(arguments, application=main.build_application()) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("decision-diffuser: ")
    assert complaint.count("\n") == 1
    return complaint


@pytest.fixture
def a_file(tmp_path) -> Path:
    """A file, in which nothing can be made."""
    (tmp_path / "file").write_text("kept")
    return tmp_path / "file"


def test_all_commands_that_write_are_tried():
    names = {line[0] for line in commands_with("--json") + commands_with("--output")}
    assert names == {
        "demo", "collect", "convert", "train", "distil", "evaluate", "bench", "faults", "soak", "feasibility"
    }  # fmt: skip


@pytest.mark.parametrize("line", commands_with("--json"), ids=" ".join)
def test_a_json_file_that_cannot_be_written_is_refused_before_the_work(line, a_file, tmp_path, capsys):
    assert f"no file can be made in {a_file} " in refusal(capsys, *line, "--json", str(a_file / "x" / "y.json"))
    assert f"--json must be a file to write. Got {tmp_path}" in refusal(capsys, *line, "--json", str(tmp_path))
    assert a_file.read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("line", commands_with("--output"), ids=" ".join)
def test_a_directory_that_cannot_be_written_is_refused_before_the_work(line, a_file, capsys):
    assert f"no file can be made in {a_file} " in refusal(capsys, *line, "--output", str(a_file))


def test_a_bundle_that_cannot_be_written_is_refused_before_the_work(a_file, capsys):
    assert f"no file can be made in {a_file} " in refusal(capsys, "export", "nowhere", str(a_file / "bundle"))


def test_a_device_is_no_file_to_write(capsys):
    assert "Got /dev/null, a directory or a device" in refusal(
        capsys, "feasibility", "quadruped_gaits", "--json", os.devnull
    )
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_default_directory_that_cannot_be_written_is_refused_too(a_file, tmp_path):
    with pytest.raises(CommandLineError, match=f"the default of --output, {a_file}/out, cannot be written"):
        default_directory(a_file / "out")
    assert default_directory(tmp_path / "new" / "out") == tmp_path / "new" / "out"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("line", [["demo", "--seconds-per-gait"], ["soak", "--minutes"], ["bench", "ros", "--seconds"]])
@pytest.mark.parametrize("number", ["inf", "nan"])
def test_a_time_without_end_is_refused(line, number, capsys):
    assert line[-1] in refusal(capsys, *line, number)
