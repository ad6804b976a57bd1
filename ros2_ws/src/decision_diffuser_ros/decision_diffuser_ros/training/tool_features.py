"""Where an arm's tool is, and what lies around it seen from there: inputs that follow from a state.

To grasp a block of 5 cm the tool must be within a centimetre of it. A network that is shown joint angles and the places
of blocks would have to learn the arm's kinematics to a percent before it knew how far it is. Here that is computed, in
the graph that is exported: nothing else has to know of it. Distances come twice, on the scale of the table and on that
of a grasp; and the states before now come once more as changes, magnified, for the motion under way.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from decision_diffuser_ros.data.description import DataDescription
from decision_diffuser_ros.data.normalisation import Normaliser
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation.kinematic_chain import KinematicChain
from decision_diffuser_ros.training.forward_kinematics import ForwardKinematics

FAR, NEAR = 0.2, 0.03  # [m], units of distance
CHANGE_SCALE = 10.0
"""What changes of normalised states are multiplied by: in a control step they are about a tenth."""


class ToolFeatures(nn.Module):
    """Features of observed states, all of about unit size.

    Args:
        chain: the arm.
        states: normaliser of states.
        joint_entries: where the joints' positions are in a state, in the chain's order.
        object_entries: where x, y and z of each object are.
    """

    def __init__(
        self,
        chain: KinematicChain,
        states: Normaliser,
        *,
        joint_entries: Sequence[int],
        object_entries: Sequence[Sequence[int]],
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(states.mean.copy()))
        self.register_buffer("std", torch.from_numpy(states.std.copy()))
        self.tool_pose = ForwardKinematics(chain)
        self.joint_entries = list(joint_entries)
        self.object_entries = [entry for entries in object_entries for entry in entries]
        self.state_dim = len(states.mean)

    @classmethod
    def of(cls, description: DataDescription, chain: KinematicChain, states: Normaliser) -> ToolFeatures:
        """Those of a data set: its joints, and everything in its states that has a position x, y and z.

        Raises:
            ConfigurationError: when a joint of the arm is not in the states.
        """
        names = [entry.name for entry in description.state]
        missing = [joint for joint in chain.joint_names if f"{joint}/position" not in names]
        if missing:
            raise ConfigurationError(f"the states of '{description.name}' hold no '{missing[0]}/position'")
        objects = [name.removesuffix("/position/x") for name in names if name.endswith("/position/x")]
        return cls(
            chain,
            states,
            joint_entries=[names.index(f"{joint}/position") for joint in chain.joint_names],
            object_entries=[[names.index(f"{name}/position/{axis}") for axis in "xyz"] for name in objects],
        )

    @property
    def size(self) -> int:
        """Features of one state."""
        return 3 + 2 + 2 * len(self.object_entries) + self.state_dim

    def forward(self, observed: Tensor) -> Tensor:
        """Features `(batch, history, size)` of normalised states `(batch, history, state_dim)`, the last one now."""
        raw = observed * self.std + self.mean
        position, rotation = self.tool_pose(raw[..., self.joint_entries])
        objects = raw[..., self.object_entries].unflatten(-1, (-1, 3))
        apart = (objects - position[..., None, :]).flatten(-2)
        changes = CHANGE_SCALE * (observed[:, -1:] - observed)
        parts = [position / FAR, rotation[..., :2, 1], apart / FAR, torch.tanh(apart / NEAR), changes]
        return torch.cat(parts, dim=-1)
