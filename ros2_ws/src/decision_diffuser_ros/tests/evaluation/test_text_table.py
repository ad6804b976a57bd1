"""A table says the same on the terminal and in Markdown."""

from rich.console import Console

from decision_diffuser_ros.evaluation.text_table import TextTable, percent

ROWS = [["trot", "planner", "9"], ["", "expert", "10"], ["pace", "planner", "8"]]
TABLE = TextTable("Gaits", ("gait", "driven by", "episodes"), ROWS, word_columns=("driven by",))


def shown(table: TextTable) -> list[str]:
    console = Console(width=60)
    with console.capture() as captured:
        table.print(console)
    return [line.strip() for line in captured.get().splitlines()]


def test_words_stand_to_the_left_and_numbers_to_the_right():
    assert shown(TABLE)[0] == "Gaits"
    assert "│ trot │ planner   │        9 │" in shown(TABLE)
    assert "│      │ expert    │       10 │" in shown(TABLE)


def test_a_line_parts_rows_that_belong_together_from_the_next():
    assert shown(TABLE)[-3] == "├──────┼───────────┼──────────┤"
    assert not any(line.startswith("├") for line in shown(TextTable("Gaits", TABLE.columns, ROWS[::2])))


def test_nothing_is_cut_off_where_there_is_little_room():
    columns = tuple(f"a long name {number}" for number in range(8))
    text = "".join(shown(TextTable("Much", columns, [["quadruped_composition", *["989898"] * 7]])))
    assert "…" not in text
    assert text.count("8") == text.count("9") == 3 * 7


def test_brackets_are_text_and_no_markup():
    table = TextTable("Error [mm]", ("joint", "effort [nm]"), [["hip [bold]", "1"]])
    text = "\n".join(shown(table))
    assert all(words in text for words in ("Error [mm]", "effort [nm]", "hip [bold]"))


def test_markdown_has_a_line_a_row_and_escapes_what_would_end_a_cell():
    assert TextTable("", ("asked", "%"), [["trot | pace", "1.0"]]).markdown() == (
        "| asked | % |\n| --- | --- |\n| trot \\| pace | 1.0 |\n"
    )


def test_a_table_without_rows_is_its_header():
    assert TextTable("", ("asked", "%"), []).markdown() == "| asked | % |\n| --- | --- |\n"
    assert shown(TextTable("None", ("asked", "%"), []))[0] == "None"


def test_a_share_is_told_in_percent():
    assert percent(0.9876) == "98.8"
