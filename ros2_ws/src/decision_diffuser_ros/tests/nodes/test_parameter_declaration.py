"""Every number of a parameter table has a range, and what rclpy does not enforce of it is enforced here."""

import math

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2")

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.nodes import planner_parameters, quadruped_parameters, stacking_parameters
from decision_diffuser_ros.nodes.parameter_declaration import ParameterSpec, ParameterType
from decision_diffuser_ros.planner.settings import SAMPLERS

SPECS = [*planner_parameters.SPECS, *quadruped_parameters.SPECS, *stacking_parameters.SPECS]
NUMBERS = {ParameterType.DOUBLE, ParameterType.INTEGER, ParameterType.DOUBLE_ARRAY, ParameterType.INTEGER_ARRAY}
GAINS = ParameterSpec("gains", ParameterType.DOUBLE_ARRAY, "of each joint", "N m/rad", 0.5, 80.0)


def is_number(default) -> bool:
    if isinstance(default, ParameterType):
        return default in NUMBERS
    return isinstance(default, (int, float)) and not isinstance(default, bool)


def test_every_number_has_a_range():
    assert [spec.name for spec in SPECS if is_number(spec.default) and spec.minimum is None] == []


def test_the_samplers_are_those_that_there_are():
    (sampler,) = [spec for spec in SPECS if spec.name == "sampler"]
    assert sampler.choices == SAMPLERS
    sampler.check(None)
    with pytest.raises(ConfigurationError, match="`sampler` must be one of ddim, ddpm. Got 'euler'"):
        sampler.check("euler")


@pytest.mark.parametrize("value", [None, (), (0.5, 80.0), (20.0,) * 12])
def test_an_array_whose_numbers_are_all_in_range_is_taken(value):
    GAINS.check(value)


@pytest.mark.parametrize("number", [0.4, -1.0, 80.1, math.nan, math.inf])
def test_an_array_with_a_number_out_of_range_is_refused(number):
    with pytest.raises(
        ConfigurationError, match=f"each value of `gains` must be from 0.5 to 80 N m/rad. Got {number:g}"
    ):
        GAINS.check((20.0, number, 20.0))
