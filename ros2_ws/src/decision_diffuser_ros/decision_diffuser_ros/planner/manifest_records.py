"""The parts of a manifest: entries, schedule, condition kinds, normaliser, files. Each checks itself."""

import builtins
import dataclasses
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from decision_diffuser_ros.errors import BundleError, ConfigurationError

SCHEDULES = ("cosine", "linear")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One number of a state or an action: its name and its SI unit."""

    name: str
    unit: str


@dataclasses.dataclass(frozen=True)
class ScheduleRecord:
    """The noise schedule the model was trained with."""

    name: str
    denoising_steps: int

    def __post_init__(self) -> None:
        require(self.name in SCHEDULES, "name", f"one of {', '.join(SCHEDULES)}", self.name)
        require(self.denoising_steps >= 1, "denoising_steps", "at least 1", self.denoising_steps)


@dataclasses.dataclass(frozen=True)
class ConditionKind:
    """One kind of condition: a choice of one name (one-hot), or a number from 0 to `scale`, told as a share of it.

    Attributes:
        kind: `skill`, `constraint`, `forward_speed`, `return`, ...
        names: what can be chosen; empty for a number.
        scale: the largest number; None for a choice.
        unit: SI unit of the number, "1" if it has none; None for a choice.
    """

    kind: str
    names: tuple[str, ...] = ()
    scale: float | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        require(bool(self.kind), "kind", "a name", self.kind)
        is_number = self.scale is not None and self.unit is not None
        has_half_a_number = (self.scale is None) != (self.unit is None)
        require(
            bool(self.names) != is_number and not has_half_a_number,
            f"kind '{self.kind}'",
            "either `names` (a choice) or `scale` and `unit` (a number)",
            dataclasses.asdict(self),
        )
        require_unique(self.names, f"names of kind '{self.kind}'")
        require(self.scale is None or self.scale > 0.0, "scale", "above 0", self.scale)

    @property
    def is_choice(self) -> bool:
        """Whether a value is one of `names`, rather than a number."""
        return bool(self.names)

    @property
    def is_exclusive(self) -> bool:
        """Whether demonstrations show exactly one of `names` at every step; constraints may hold side by side."""
        return self.is_choice and self.kind == "skill"

    @property
    def largest(self) -> float:
        """The largest number that can be asked, in `unit`."""
        return 1.0 if self.scale is None else self.scale

    @property
    def dimension(self) -> int:
        """Numbers this kind takes in the condition vector."""
        return len(self.names) or 1


@dataclasses.dataclass(frozen=True)
class NormaliserRecord:
    """Mean and standard deviation of each state entry, in its unit: normalised = (state - mean) / std."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        require(len(self.mean) == len(self.std), "std", f"as long as mean ({len(self.mean)})", len(self.std))
        require(all(value > 0.0 for value in self.std), "std", "above 0 everywhere", min(self.std, default=None))


@dataclasses.dataclass(frozen=True)
class FileRecord:
    """What a file of the bundle must be, byte by byte."""

    sha256: str
    bytes: int

    def __post_init__(self) -> None:
        require(bool(re.fullmatch(r"[0-9a-f]{64}", self.sha256)), "sha256", "64 hexadecimal digits", self.sha256)
        require(self.bytes >= 0, "bytes", "at least 0", self.bytes)

    @classmethod
    def of(cls, content: builtins.bytes) -> "FileRecord":
        """The record of a file with this content."""
        return cls(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))

    def verified_content(self, path: Path, *, remedy: str) -> builtins.bytes:
        """The content of a file, read once, so that what is verified is what is loaded.

        Args:
            path: of the file.
            remedy: what to do where the content is another.

        Raises:
            BundleError: the file cannot be read, or is not the one that was recorded.
        """
        try:
            size = path.stat().st_size
            content = path.read_bytes() if size == self.bytes else b""
        except OSError as error:
            raise BundleError(f"{path} cannot be read: {error}") from error
        if size != self.bytes:
            raise BundleError(f"{path}: expected {self.bytes} bytes, got {size}; {remedy}")
        checksum = hashlib.sha256(content).hexdigest()
        if checksum != self.sha256:
            raise BundleError(f"{path}: expected SHA-256 {self.sha256}, got {checksum}; {remedy}")
        return content


def require_unique(names: Iterable[str], what: str) -> None:
    """Raises ConfigurationError unless every name is given once and none is empty."""
    listed = list(names)
    repeated = sorted({name for name in listed if listed.count(name) > 1})
    if repeated or not all(listed):
        got = ", ".join(map(repr, repeated or listed))
        raise ConfigurationError(f"expected {what} that are unique and not empty, got {got}")


def require(accepted: bool, name: str, requirement: str, value: object) -> None:
    """Raises ConfigurationError with what was expected and what was given, unless accepted."""
    if not accepted:
        raise ConfigurationError(f"expected `{name}` {requirement}, got {value!r}")
