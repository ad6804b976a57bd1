"""The simulation node's parameters."""

from __future__ import annotations

from dataclasses import dataclass, fields

from rclpy.node import Node

from decision_diffuser_ros.nodes.parameter_declaration import (
    ParameterSpec,
    ParameterType,
    declare_parameters,
    parameter_values,
)

SPECS = (
    ParameterSpec("gui", False, "open a window, which needs a screen", read_only=True),
    ParameterSpec(
        "lockstep",
        True,
        "simulated time waits for a command after every control step, so that nothing depends on the machine's speed",
        read_only=True,
    ),
    ParameterSpec(
        "lockstep_timeout",
        10.0,
        "without a command for so long a warning is logged; simulated time goes on waiting",
        "s",
        0.1,
        3600.0,
        read_only=True,
    ),
    ParameterSpec(
        "repeat_period",
        0.05,
        "steady time after which a state that nobody has answered is sent again",
        "s",
        0.005,
        10.0,
        read_only=True,
    ),
    ParameterSpec(
        "real_time_factor",
        1.0,
        "most simulated seconds in a second; 0: as fast as it can, in lockstep only",
        "1",
        0.0,
        100.0,
        read_only=True,
    ),
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
class SimulationParameters:
    """Values of all parameters, by name; None where not set."""

    gui: bool
    lockstep: bool
    lockstep_timeout: float
    repeat_period: float
    real_time_factor: float
    control_period: float
    state_rate: float
    time_step: float
    friction: float
    seed: int
    joint_noise: float
    initial_pose: tuple[float, ...] | None
    joints: tuple[str, ...] | None

    @classmethod
    def declare_and_read(cls, node: Node) -> SimulationParameters:
        """Declare every parameter on `node` and return the values."""
        declare_parameters(node, SPECS)
        values = parameter_values(node, SPECS)
        return cls(**{field.name: values[field.name] for field in fields(cls)})
