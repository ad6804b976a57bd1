"""The block stacking simulation's parameters."""

from __future__ import annotations

from dataclasses import dataclass

from decision_diffuser_ros.nodes.parameter_declaration import ParameterSpec, ParameterType
from decision_diffuser_ros.nodes.simulation_parameters import SIMULATION_SPECS, SimulationParameters

SPECS = (
    *SIMULATION_SPECS,
    ParameterSpec("control_period", 0.1, "simulated time between two commands", "s", 0.025, 1.0, read_only=True),
    ParameterSpec(
        "state_rate", 40.0, "joint states and object poses a second without lockstep", "Hz", 1.0, 240.0, read_only=True
    ),
    ParameterSpec("friction", 1.0, "of blocks, fingers and table", "1", 0.01, 2.0, read_only=True),
    ParameterSpec("seed", 0, "of where blocks and arm are at first", "", 0, read_only=True),
    ParameterSpec(
        "start",
        "scattered",
        "how the blocks are at first: all on the table, or some on others",
        choices=("scattered", "stacked"),
        read_only=True,
    ),
    ParameterSpec(
        "camera_rate",
        2.0,
        "pictures in a simulated second, while somebody subscribes; 0: none",
        "Hz",
        0.0,
        10.0,
        read_only=True,
    ),
    ParameterSpec(
        "joints",
        ParameterType.STRING_ARRAY,
        "order of the arm's joints in joint states; not set: from the base to the flange",
        read_only=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class StackingParameters(SimulationParameters):
    """Values of all parameters, by name; None where not set."""

    specs = SPECS

    friction: float
    seed: int
    start: str
    camera_rate: float
    joints: tuple[str, ...] | None
