"""The frame of the command line: one line for what goes wrong, and the exit codes."""

import functools
import re
from collections.abc import Callable

import pytest
import typer
from rich.text import Text
from typer import rich_utils
from typer.main import get_command

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.errors import ConditionError
from decision_diffuser_ros.resources import package_version

APPLICATION = get_command(main.build_application())
COMMAND_NAMES = [
    names
    for name, command in APPLICATION.commands.items()
    for names in [(name,), *((name, part) for part in getattr(command, "commands", ()))]
]
"""Of all commands and of the commands that these have."""


def run(*arguments: str) -> int:
    """Runs the real command line."""
    return main.run(arguments, application=main.build_application())


def run_command(function: Callable[..., int | None], *arguments: str) -> int:
    """Runs an application in which `function` is the only command."""
    application: typer.Typer = main.build_application(commands=())
    application.command("try")(function)
    return main.run(["try", *arguments], application=application)


def refuse_skill() -> None:
    raise ConditionError("skill 'galop' is not in model 'quadruped_gaits';\navailable: bound, pace, trot")


def interrupt() -> None:
    raise KeyboardInterrupt


def break_down() -> None:
    raise ZeroDivisionError


def test_version_is_that_of_the_package(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"decision-diffuser {package_version()}\n"


def test_help_names_every_command(capsys):
    assert run("--help") == 0
    shown = capsys.readouterr().out
    for name in main.COMMANDS:
        assert f" {name} " in shown


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_has_help(name, capsys):
    assert run(name, "--help") == 0
    assert f"decision-diffuser {name}" in capsys.readouterr().out


@pytest.mark.parametrize("names", COMMAND_NAMES, ids=" ".join)
def test_nothing_in_a_help_is_struck_out_or_eaten_as_markup(names, capsys, monkeypatch):
    monkeypatch.setattr(rich_utils, "FORCE_TERMINAL", True)
    assert run(*names, "--help") == 0
    shown = capsys.readouterr().out
    assert "\x1b[" in shown, "no colours"
    assert not re.search(r"\x1b\[(\d+;)*9(;\d+)*m", shown)
    command = functools.reduce(lambda command, name: command.commands[name], names, APPLICATION)
    for text in [command.help, *(getattr(parameter, "help", None) for parameter in command.params)]:
        assert Text.from_markup(text or "").plain == (text or "")


@pytest.mark.parametrize("arguments", [["fly"], ["--fly"], ["fly", "--high"]])
def test_what_is_not_there_is_refused_in_one_line(arguments, capsys):
    assert run(*arguments) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("decision-diffuser: ")
    assert complaint.count("\n") == 1
    assert "fly" in complaint


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["fly"], f"command 'fly' is not known; available: {', '.join(APPLICATION.commands)}"),
        (["evaluat", "circles"], f"command 'evaluat' is not known; available: {', '.join(APPLICATION.commands)}"),
        (["bench", "ross"], "command 'ross' is not known; available: ros"),
    ],
)
def test_an_unknown_command_lists_the_known_ones(arguments, complaint, capsys):
    assert run(*arguments) == 2
    assert capsys.readouterr().err == f"decision-diffuser: {complaint}\n"


def test_no_command_shows_the_help_and_no_complaint(capsys):
    assert run() == 2
    captured = capsys.readouterr()
    assert "Usage: decision-diffuser" in captured.out + captured.err
    assert "decision-diffuser: " not in captured.err


def test_an_error_of_the_package_is_one_line_and_exit_code_2(capsys):
    assert run_command(refuse_skill) == 2
    assert capsys.readouterr().err == (
        "decision-diffuser: skill 'galop' is not in model 'quadruped_gaits'; available: bound, pace, trot\n"
    )


def test_a_value_of_the_wrong_type_is_one_line_and_exit_code_2(capsys):
    def count(number: int) -> None:
        """Counts."""

    assert run_command(count, "many") == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "number" in complaint


def test_the_answer_of_a_command_is_the_exit_code():
    assert run_command(lambda: 1) == 1
    assert run_command(lambda: None) == 0


def test_an_interrupt_is_no_traceback(capsys):
    assert run_command(interrupt) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_defect_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run_command(break_down)
