"""Normalising and back."""

from __future__ import annotations

import numpy as np
import pytest

from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.errors import DataError


def test_normalised_data_has_zero_mean_and_unit_deviation():
    values = np.random.default_rng(0).normal([3.0, -1.0], [0.5, 20.0], size=(5000, 2)).astype(np.float32)
    normaliser = Normaliser.fit(values, std_floor=0.01)
    normalised = normaliser.normalise(values)
    np.testing.assert_allclose(normalised.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(normalised.std(axis=0), 1.0, atol=1e-4)
    np.testing.assert_allclose(normaliser.restore(normalised), values, rtol=1e-4, atol=1e-4)
    assert normalised.dtype == np.float32


def test_an_entry_that_never_moves_gets_the_floor():
    normaliser = Normaliser.fit(np.full((10, 1), 0.7, np.float32), std_floor=0.05)
    assert normaliser.std[0] == np.float32(0.05)


def test_a_deviation_that_is_not_positive_is_refused():
    with pytest.raises(DataError, match="`std` must be positive"):
        Normaliser(mean=np.zeros(2), std=np.array([1.0, 0.0]))
