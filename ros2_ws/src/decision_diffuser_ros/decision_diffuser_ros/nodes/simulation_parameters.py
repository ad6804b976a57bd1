"""The parameters that the nodes of all simulated robots have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeVar

from rclpy.node import Node

from decision_diffuser_ros.nodes.parameter_declaration import ParameterSpec, declare_parameters, read_parameters

Parameters = TypeVar("Parameters", bound="SimulationParameters")

SIMULATION_SPECS = (
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
    ParameterSpec(
        "reaction_time",
        0.0,
        "longest simulated time until a command takes hold, without lockstep; 0: until a state is sent",
        "s",
        0.0,
        1.0,
        read_only=True,
    ),
    ParameterSpec(
        "realtime_priority",
        0,
        "of the node's threads, without lockstep only: Linux's SCHED_FIFO, since physics waits for nobody; 0: ordinary",
        "1",
        0,
        99,
        read_only=True,
    ),
)
"""Those that are the same in each."""


@dataclass(frozen=True, kw_only=True)
class SimulationParameters:
    """Values of those that simulated time depends on, and of `gui`, by name.

    Attributes:
        specs: the table of all parameters of a robot's node, which its subclass names.
    """

    specs: ClassVar[tuple[ParameterSpec, ...]]

    gui: bool
    lockstep: bool
    lockstep_timeout: float
    repeat_period: float
    real_time_factor: float
    reaction_time: float
    realtime_priority: int
    control_period: float
    state_rate: float

    @classmethod
    def declare_and_read(cls: type[Parameters], node: Node) -> Parameters:
        """Declare every parameter on `node` and return the values."""
        declare_parameters(node, cls.specs)
        return read_parameters(node, cls, cls.specs)
