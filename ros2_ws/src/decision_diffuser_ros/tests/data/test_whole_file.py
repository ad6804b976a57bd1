"""Files are there whole or not at all."""

import pytest

from decision_diffuser_ros.data.whole_file import whole_file, whole_files


def names_in(directory) -> set[str]:
    return {path.name for path in directory.iterdir()}


def write_and_fail(path):
    path.write_text("half of")
    raise ZeroDivisionError


def test_a_file_appears_when_it_is_written(tmp_path):
    with whole_file(tmp_path / "new" / "file") as partial:
        partial.write_text("one")
        assert not (tmp_path / "new" / "file").exists()
    assert (tmp_path / "new" / "file").read_text() == "one"


def test_a_file_stays_what_it_was_when_writing_fails(tmp_path):
    (tmp_path / "file").write_text("one")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "file") as partial:
        write_and_fail(partial)
    assert (tmp_path / "file").read_text() == "one"
    assert names_in(tmp_path) == {"file"}


def test_files_take_their_places_together(tmp_path):
    with whole_files(tmp_path / "new", ("graph", "record")) as workplace:
        for name in ("graph", "record", "scratch"):
            (workplace / name).write_text(name)
        assert not names_in(tmp_path / "new") & {"graph", "record"}
    assert names_in(tmp_path / "new") == {"graph", "record"}


def test_files_stay_what_they_were_when_one_cannot_be_written(tmp_path):
    (tmp_path / "graph").write_text("one")
    with pytest.raises(ZeroDivisionError), whole_files(tmp_path, ("graph", "record")) as workplace:
        write_and_fail(workplace / "graph")
    assert (tmp_path / "graph").read_text() == "one"
    assert names_in(tmp_path) == {"graph"}


def test_the_last_file_is_the_last_to_appear(tmp_path):
    (tmp_path / "record").write_text("of another graph")
    with pytest.raises(FileNotFoundError), whole_files(tmp_path, ("graph", "record")) as workplace:
        (workplace / "graph").write_text("new")
    assert (tmp_path / "graph").read_text() == "new"
    assert (tmp_path / "record").read_text() == "of another graph"
