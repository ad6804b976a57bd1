"""A disk for logs that is full, without being root: a tiny file system in a mount namespace of its own (Linux)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SCRIPT = (
    'mount -t tmpfs -o size=64k tmpfs "$1" && dd if=/dev/zero of="$1/fill" bs=1k 2>/dev/null; '
    'export ROS_LOG_DIR="$1"; shift; exec "$@" >/dev/full 2>&1'
)


def full_disk_prefix(directory: Path) -> tuple[str, ...]:
    """Return what to put before a command so that nothing it logs, by file or by print, finds any room.

    Args:
        directory: of the logs; made if it does not exist.
    """
    directory.mkdir(parents=True, exist_ok=True)
    return ("unshare", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh", str(directory))


def why_no_full_disk() -> str:
    """Return why this computer cannot have one; empty if it can."""
    if shutil.which("unshare") is None or not Path("/dev/full").exists():
        return "needs Linux with unshare and /dev/full"
    tried = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        text=True,
    )
    reason = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
    return "" if tried.returncode == 0 else f"this user may not mount a file system of its own: {reason}"
