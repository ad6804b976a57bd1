"""Tables for people: rows once, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True)
class TextTable:
    """A table of text.

    Attributes:
        title: above it.
        columns: their names.
        rows: as long as the columns. One whose first cell is empty goes on with the row above.
        word_columns: names of columns that stand to the left, as the first does; the others hold numbers.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    word_columns: Sequence[str] = ()

    def print(self, console: Console) -> None:
        """Shows it on a terminal, all of it, with lines between rows that belong together and the next ones."""
        table = Table(title=escape(self.title))
        for number, column in enumerate(self.columns):
            is_words = number == 0 or column in self.word_columns
            table.add_column(escape(column), justify="left" if is_words else "right", overflow="fold")
        has_groups = not all(row[0] for row in self.rows)
        for row in self.rows:
            if has_groups and row[0]:
                table.add_section()
            table.add_row(*map(escape, row))
        console.print(table)

    def markdown(self) -> str:
        """The same in Markdown, without the title."""
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def percent(share: float) -> str:
    """A share as percentage, one digit after the point."""
    return f"{100 * share:.1f}"
