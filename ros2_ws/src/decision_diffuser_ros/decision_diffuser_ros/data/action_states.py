"""States that hold the action that led to them: what is diffused when actions are, as a baseline to inverse dynamics.

    row of a window            s[t]          s[t+1]        s[t+2]
    with its action       s[t], a[t-1]   s[t+1], a[t]   s[t+2], a[t+1]

So a plan of such states holds the actions to take, and those before are part of its history.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from decision_diffuser_ros.data.demonstration_set import DemonstrationSet
from decision_diffuser_ros.data.description import DataDescription


def with_actions_in_states(demonstrations: DemonstrationSet) -> DemonstrationSet:
    """The same demonstrations, each state followed by the expert's action that led to it.

    Before an episode's first action, joints are where their targets would be: the action is the state's own positions,
    or zero where an action is no target for a state entry.

    Raises:
        DataError: when the data set does not say what its numbers are.
    """
    description = DataDescription.from_metadata(demonstrations.metadata)
    actions = np.zeros((len(demonstrations.states), demonstrations.actions.shape[1]), np.float32)
    for column, position in enumerate(description.target_positions):
        if position is not None:
            actions[demonstrations.first_state, column] = demonstrations.states[demonstrations.first_state, position]
    actions[demonstrations.state_of_action + 1] = demonstrations.actions
    extended = dataclasses.replace(description, state=(*description.state, *description.action))
    attributes = {**demonstrations.metadata["attributes"], "description": extended.to_json()}  # type: ignore[dict-item]
    return dataclasses.replace(
        demonstrations,
        states=np.concatenate([demonstrations.states, actions], axis=1),
        metadata={**demonstrations.metadata, "attributes": attributes},
    )
