"""Steps that are done again only when what they depend on has changed.

A finished step leaves a stamp file with a hash over its inputs: the text of files and a few plain facts (which
interpreter, which folder). The next run compares the hash and skips the step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


class Stamp:
    """The mark that a step has been done with these inputs."""

    def __init__(self, path: Path, *, files: Iterable[Path] = (), facts: Iterable[str] = ()) -> None:
        """Computes the hash.

        Args:
            path: where the stamp lies; beside what the step makes, so that it goes when that is deleted.
            files: inputs whose names and contents count.
            facts: further text that counts.
        """
        self._path = path
        digest = hashlib.sha256()
        for fact in facts:
            digest.update(f"fact {fact}\n".encode())
        for file in sorted(files):
            digest.update(f"file {file}\n".encode() + file.read_bytes())
        self._hash = digest.hexdigest()

    def is_current(self) -> bool:
        """Whether the step was done with exactly these inputs."""
        return self._path.is_file() and self._path.read_text().strip() == self._hash

    def write(self) -> None:
        """Marks the step as done."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(self._hash + "\n")
