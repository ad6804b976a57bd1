"""Where the numbers of a state stand, by their names."""

from collections.abc import Sequence

from decision_diffuser_ros.errors import BundleError
from decision_diffuser_ros.planner.manifest_records import Entry


class StateLayout:
    """What has a state with named entries and joints: a model, a data set.

    Attributes:
        name: of the model.
        state: the state entries, `state_dim` of them, in the order of the arrays.
        joint_names: the robot's joints as they appear in entry names.
    """

    name: str
    state: tuple[Entry, ...]
    joint_names: tuple[str, ...]

    @property
    def state_dim(self) -> int:
        """Numbers in a state."""
        return len(self.state)

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the state entries."""
        return tuple(entry.name for entry in self.state)

    @property
    def joint_position_indices(self) -> tuple[int, ...]:
        """Where the joint positions are in a state, in the order of `joint_names`."""
        return self.state_indices(self.joint_entries("position"))

    @property
    def joint_velocity_indices(self) -> tuple[int, ...]:
        """Where the joint velocities are in a state, in the order of `joint_names`; empty if the state has none."""
        names = self.joint_entries("velocity")
        return self.state_indices(names) if set(names) <= set(self.state_names) else ()

    def has_state(self, prefix: str) -> bool:
        """Whether the state has entries `<prefix>/...`, e.g. `gravity_direction`."""
        return any(name.startswith(f"{prefix}/") for name in self.state_names)

    def vector_indices(self, prefix: str) -> tuple[int, int, int]:
        """Where `<prefix>/x`, `/y` and `/z` are in a state. Raises BundleError if they are not."""
        x, y, z = self.state_indices([f"{prefix}/{axis}" for axis in "xyz"])
        return x, y, z

    def state_indices(self, names: Sequence[str]) -> tuple[int, ...]:
        """Where the named entries are in a state. Raises BundleError for a name that is not there."""
        missing = [name for name in names if name not in self.state_names]
        if missing:
            raise BundleError(
                f"model '{self.name}' has no state entry '{missing[0]}'; available: {', '.join(self.state_names)}"
            )
        return tuple(self.state_names.index(name) for name in names)

    def joint_entries(self, quantity: str) -> list[str]:
        """What the entries of a quantity, `position` or `velocity`, are called, in the order of `joint_names`."""
        return [f"{joint}/{quantity}" for joint in self.joint_names]
