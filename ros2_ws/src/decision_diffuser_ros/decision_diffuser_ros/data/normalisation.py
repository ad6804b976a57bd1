"""From SI units to numbers of about unit size, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decision_diffuser_ros.errors import DataError


@dataclass(frozen=True)
class Normaliser:
    """Subtracts a mean and divides by a standard deviation, both of shape `(dim,)`, float32."""

    mean: np.ndarray
    std: np.ndarray

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float32))
        if self.mean.shape != self.std.shape or not (self.std > 0.0).all():
            raise DataError(
                "`std` must be positive and as long as `mean`; "
                f"got shapes {self.mean.shape} and {self.std.shape}, smallest {self.std.min()}"
            )

    @classmethod
    def fit(cls, values: np.ndarray, *, std_floor: float) -> Normaliser:
        """The normaliser of some data.

        Args:
            values: shape `(count, dim)`.
            std_floor: least standard deviation, in the data's unit: an entry that never moves in
                the data would otherwise turn the least deviation into a huge number.
        """
        mean = values.mean(axis=0, dtype=np.float64)
        std = values.std(axis=0, dtype=np.float64)
        return cls(mean=mean, std=np.maximum(std, std_floor))

    def normalise(self, values: np.ndarray) -> np.ndarray:
        """Values `(..., dim)` in SI units, normalised."""
        return (values - self.mean) / self.std

    def restore(self, values: np.ndarray) -> np.ndarray:
        """Normalised values `(..., dim)` in SI units."""
        return values * self.std + self.mean
