"""A command of commands that lists them where another name is given."""

from typing import Any

from typer.core import TyperGroup

from decision_diffuser_ros.errors import CommandLineError


class KnownCommands(TyperGroup):
    """Commands, and what one of them is called."""

    what = "command"

    def resolve_command(self, context: Any, arguments: list[str]) -> Any:
        """The command that the first argument names. Raises CommandLineError."""
        if arguments[0] not in self.commands and not arguments[0].startswith("-"):
            known = ", ".join(self.commands)
            raise CommandLineError(f"{self.what} '{arguments[0]}' is not known; available: {known}")
        return super().resolve_command(context, arguments)
