"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` in one step when the block ends well.

    When the block raises, or the process is killed in it, `path` is what it was before.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def whole_files(directory: str | Path, names: Sequence[str]) -> Iterator[Path]:
    """A folder for files of these names, which take their places in `directory` when the block ends well.

    They do so in the order of `names`: the last should be the one with the checksums of the others, so that those who
    come in between refuse the mixture. When the block raises, `directory` has what it had before.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".partial-") as folder:
        yield Path(folder)
        for name in names:
            os.replace(Path(folder) / name, directory / name)
