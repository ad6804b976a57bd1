"""The rows of a batch, and with which coefficients they count at each level."""

import numpy as np
import pytest

from decision_diffuser_ros.diffusion.schedule import DenoisingLevel
from decision_diffuser_ros.planner.conditions import Condition, ConditionEncoder
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.planner.network_rows import network_rows
from decision_diffuser_ros.resources import MANIFEST_NAME
from tests.bundles import make_quadruped_bundle

PACE, TROT, HEAVY_BOUND = (
    Condition({"skill": name}, weight) for name, weight in (("pace", 1), ("trot", 1), ("bound", 3))
)
NOT_BOUND = Condition({"skill": "bound"}, weight=-1.0)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> ConditionEncoder:
    directory = make_quadruped_bundle(tmp_path_factory.mktemp("gaits"))
    return ConditionEncoder(Manifest.read(directory / MANIFEST_NAME))


def level(number: int) -> DenoisingLevel:
    return DenoisingLevel(number, 0.5, 1.0)


@pytest.mark.parametrize("number, is_guided", [(99, True), (15, True), (14, False), (0, False)])
def test_the_least_noisy_levels_are_without_guidance(encoder, number: int, is_guided: bool) -> None:
    rows = network_rows([(PACE,), (TROT, NOT_BOUND)], encoder, guidance_weight=1.5, unguided_levels=15)
    assert rows.candidate.tolist() == [0, 0, 1, 1, 1]
    guided = [[-0.5, 1.5, 0, 0, 0], [0, 0, 1, 1.5, -1.5]]
    unguided = [[0, 1, 0, 0, 0], [0, 0, 0, 1, 0]]
    np.testing.assert_allclose(rows.coefficients(level(number)), guided if is_guided else unguided)


def test_without_guidance_counts_the_mean_of_what_is_wanted_by_weight_or_the_null_estimate(encoder) -> None:
    rows = network_rows([(PACE, HEAVY_BOUND), (NOT_BOUND,)], encoder, guidance_weight=2.0, unguided_levels=1)
    np.testing.assert_allclose(rows.coefficients(level(0)), [[0, 0.25, 0.75, 0, 0], [0, 0, 0, 1, 0]])
    np.testing.assert_allclose(rows.coefficients(level(1)), [[-7, 2, 6, 0, 0], [0, 0, 0, 3, -2]])


def test_rows_that_count_at_no_level_are_left_out(encoder) -> None:
    without, with_levels = (
        network_rows([(PACE,)], encoder, guidance_weight=weight, unguided_levels=levels)
        for weight, levels in ((1.0, 0), (0.0, 15))
    )
    np.testing.assert_array_equal(without.condition_present, [[1, 0]])
    np.testing.assert_array_equal(with_levels.condition_present, [[0, 0], [1, 0]])
    np.testing.assert_allclose(with_levels.coefficients(level(99)), [[1, 0]])
    np.testing.assert_allclose(with_levels.coefficients(level(0)), [[0, 1]])
