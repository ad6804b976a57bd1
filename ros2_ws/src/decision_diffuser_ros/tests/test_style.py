"""The linters and the type checker find nothing, in a checkout of the whole repository."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
FILE_LINES = 400

pytestmark = [
    pytest.mark.skipif(not (ROOT / "pyproject.toml").is_file(), reason="the settings of the linters are not here"),
    pytest.mark.skipif(shutil.which("ruff") is None, reason="the linters are not installed: make setup-test"),
]


def findings(*command: str) -> str:
    """What `command` prints if it finds something; empty if it finds nothing."""
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return "" if answer.returncode == 0 else f"{answer.stdout}{answer.stderr}"


def test_ruff_finds_nothing():
    assert findings("ruff", "check", "--output-format", "concise", ".") == ""


def test_mypy_finds_nothing():
    assert findings("mypy") == ""


def test_ruff_can_find_something(tmp_path):
    (tmp_path / "wrong.py").write_text("import os\n")
    assert "F401" in findings("ruff", "check", "--config", str(ROOT / "pyproject.toml"), str(tmp_path))


def test_mypy_can_find_something(tmp_path):
    (tmp_path / "wrong.py").write_text("def size() -> int:\n    return 'large'\n")
    assert "return-value" in findings("mypy", "--config-file", "", str(tmp_path / "wrong.py"))


def test_no_file_is_too_long_to_read():
    too_long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("ros2_ws/src", "scripts")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES
    }
    assert too_long == {}
