"""The quadruped simulation's parameters."""

from __future__ import annotations

from dataclasses import dataclass

from decision_diffuser_ros.nodes.parameter_declaration import ParameterSpec, ParameterType
from decision_diffuser_ros.nodes.simulation_parameters import SIMULATION_SPECS, SimulationParameters

SPECS = (
    *SIMULATION_SPECS,
    ParameterSpec("control_period", 0.02, "simulated time between two commands", "s", 0.001, 1.0, read_only=True),
    ParameterSpec(
        "state_rate",
        200.0,
        "joint states and IMU readings a second without lockstep",
        "Hz",
        1.0,
        1000.0,
        read_only=True,
    ),
    ParameterSpec("time_step", 0.001, "step of the physics", "s", 0.0001, 0.005, read_only=True),
    ParameterSpec("friction", 1.0, "of the floor", "1", 0.01, 2.0, read_only=True),
    ParameterSpec("seed", 0, "of the starting pose", "", 0, read_only=True),
    ParameterSpec(
        "joint_noise", 0.0, "half width of the starting pose's uniform noise", "rad", 0.0, 0.2, read_only=True
    ),
    ParameterSpec(
        "initial_pose",
        ParameterType.DOUBLE_ARRAY,
        "of each of `joints` at first; not set: standing",
        "rad",
        -6.3,
        6.3,
        read_only=True,
    ),
    ParameterSpec(
        "joints",
        ParameterType.STRING_ARRAY,
        "order of joint states and forward commands; not set: FR, FL, RR, RL, each hip, upper, lower",
        read_only=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class QuadrupedParameters(SimulationParameters):
    """Values of all parameters, by name; None where not set."""

    specs = SPECS

    time_step: float
    friction: float
    seed: int
    joint_noise: float
    initial_pose: tuple[float, ...] | None
    joints: tuple[str, ...] | None
