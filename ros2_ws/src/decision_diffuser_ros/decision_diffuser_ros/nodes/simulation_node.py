"""What the nodes of all simulated robots do alike: simulated time, trajectories, refusals, `~/reset`.

A subclass makes its world and publishers, takes the commands of its controllers, and then calls `_begin`. In lockstep a
state is answered by a command; see `simulation_time`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rclpy.node import Node
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from decision_diffuser_ros.control.message_readings import seconds_of
from decision_diffuser_ros.control.thread_priority import schedule_in_real_time
from decision_diffuser_ros.errors import ConfigurationError, StateError
from decision_diffuser_ros.nodes.joint_targets import JointTargets
from decision_diffuser_ros.nodes.messages import trajectory_points
from decision_diffuser_ros.nodes.simulation_parameters import SimulationParameters
from decision_diffuser_ros.nodes.simulation_time import Due, SimulationTime, TimeSettings


class SimulatedWorld(Protocol):
    """The physics of a robot and what is around it."""

    @property
    def time(self) -> float:
        """Simulated since the world was last placed [s]."""

    def close(self) -> None:
        """End the physics."""


class WorldPublishers(Protocol):
    """The topics that tell of a world."""

    def publish(self, world: Any, time: float) -> None:
        """Publish everything, stamped with simulated `time` [s]."""


class SimulationNode(Node, ABC):
    """See the module."""

    _options: SimulationParameters
    _world: SimulatedWorld
    _outputs: WorldPublishers

    def __init__(self, name: str, read_parameters: Callable[[Node], SimulationParameters]) -> None:
        """Read the parameters; `_begin` follows when there is a world.

        Args:
            name: of the node.
            read_parameters: declares the parameters on a node and returns their values.

        Raises:
            ConfigurationError: the parameters contradict each other.
        """
        super().__init__(name)
        self._options = read_parameters(self)
        self._time_before_reset = 0.0
        self.refused_commands = 0

    @property
    def simulated_time(self) -> float:
        """Time of /clock [s]; it never goes back."""
        return self._time_before_reset + self._world.time

    def advance_when_due(self) -> None:
        """Go on by one period if it is time for it, else send the state again if it is time for that."""
        due = self._time.due()
        if due in (Due.ADVANCE, Due.SLICE):
            self._advance(self._time.period)
        if due in (Due.ADVANCE, Due.REPEAT):
            self._publish()
        if self._time.warning_is_due():
            self.get_logger().warning(
                f"no command for {self._options.lockstep_timeout:g} s; "
                f"simulated time waits at {self.simulated_time:.3f} s"
            )

    def spin_timeout(self) -> float:
        """Return how long to wait for messages before something is due [s]."""
        return self._time.wait()

    def close(self) -> None:
        """End the physics."""
        self._world.close()

    @abstractmethod
    def _advance(self, duration: float) -> None:
        """Simulate `duration` [s] of what is commanded."""

    @abstractmethod
    def _place_anew(self) -> str:
        """Place the world as at the beginning, at the time 0; return what that comes to, for people."""

    def _begin(self, *, time_step: float) -> None:
        """Simulated time begins with the world as it is, whose physics has steps of `time_step` [s]."""
        settings = TimeSettings.of(self._options, time_step=time_step)
        self.create_service(Trigger, "~/reset", self._reset)
        if not self._options.lockstep:
            schedule_in_real_time(self._options.realtime_priority, warn=self.get_logger().warning)
        self._time = SimulationTime(settings)
        self._publish()

    def _publish(self) -> None:
        self._time.note_published()
        self._outputs.publish(self._world, self.simulated_time)

    def _follow(self, targets: JointTargets, message: JointTrajectory) -> bool:
        """Return whether the trajectory is followed from now on, or from its stamp if that is later."""
        stamp = seconds_of(message.header.stamp)
        begin = max(stamp, self.simulated_time) if stamp > 0.0 else self.simulated_time
        points = trajectory_points(message, begin)
        return self._accepts(lambda: targets.follow(message.joint_names, points, now=begin))

    def _accepts(self, command: Callable[[], None]) -> bool:
        """Return whether a command is carried out; it is logged and counted if it is refused."""
        try:
            command()
        except StateError as error:
            self.refused_commands += 1
            self.get_logger().error(f"command {self.refused_commands} refused: {error}", throttle_duration_sec=1.0)
            return False
        return True

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._time_before_reset = self.simulated_time + self._options.control_period
        happened = self._place_anew()
        self._time.forget_answer()
        self._publish()
        response.success, response.message = True, f"{happened}; simulated time goes on"
        return response


def joint_order(given: Sequence[str] | None, joint_names: Sequence[str]) -> tuple[str, ...]:
    """Return the joints in the order of the parameter `joints`, or in their own where it is not set.

    Raises:
        ConfigurationError: the parameter does not name each of them once.
    """
    order = tuple(given or joint_names)
    if sorted(order) != sorted(joint_names):
        raise ConfigurationError(
            f"`joints` must be the robot's in any order: expected {', '.join(joint_names)}, got {', '.join(order)}"
        )
    return order
