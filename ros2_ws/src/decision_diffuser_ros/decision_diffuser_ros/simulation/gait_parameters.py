"""The gaits of the scripted expert: what makes a trot, a pace or a bound."""

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class GaitParameters:
    """One gait.

    Attributes:
        phase_offsets: of the feet FR, FL, RR, RL within a cycle, as a share of it.
        period: of a cycle [s].
        duty: share of the cycle that a foot stands.
        step_height: of the swinging feet [m].
        stance_narrowing: how far the feet stand inwards of the hips' planes [m].
        placement_gain_forward: landing place per error in forward velocity (Raibert) [s].
        placement_gain_lateral: likewise, sideways [s].
        roll_gain: height of the standing feet per roll, as a share of what would level the body.
        roll_damping: likewise, per roll rate [s].
        pitch_gain: as `roll_gain`, of pitch.
        pitch_damping: as `roll_damping`, of pitch.
        gravity_feedforward: share of the body's weight that the targets of standing feet anticipate.
        tilt_compensation: share of the body's tilt that is taken out of the feet's places.
        look_ahead: how far the targets run ahead of time, for the joints' lag [s].
        stance_speed_gain: how much of the velocity error the standing feet add to their speed.
    """

    phase_offsets: tuple[float, float, float, float]
    period: float
    duty: float
    step_height: float
    stance_narrowing: float
    placement_gain_forward: float
    placement_gain_lateral: float
    roll_gain: float
    roll_damping: float
    pitch_gain: float
    pitch_damping: float
    gravity_feedforward: float
    tilt_compensation: float
    look_ahead: float
    stance_speed_gain: float


GAITS = {
    "trot": GaitParameters(
        phase_offsets=(0.0, 0.5, 0.5, 0.0),
        period=0.332,
        duty=0.62,
        step_height=0.08,
        stance_narrowing=0.047,
        placement_gain_forward=0.106,
        placement_gain_lateral=0.213,
        roll_gain=0.538,
        roll_damping=0.012,
        pitch_gain=-0.225,
        pitch_damping=-0.002,
        gravity_feedforward=1.085,
        tilt_compensation=-0.165,
        look_ahead=0.035,
        stance_speed_gain=-0.253,
    ),
    "pace": GaitParameters(
        phase_offsets=(0.0, 0.5, 0.0, 0.5),
        period=0.183,
        duty=0.505,
        step_height=0.044,
        stance_narrowing=0.055,
        placement_gain_forward=0.147,
        placement_gain_lateral=0.144,
        roll_gain=-0.155,
        roll_damping=0.014,
        pitch_gain=0.266,
        pitch_damping=-0.003,
        gravity_feedforward=1.972,
        tilt_compensation=0.373,
        look_ahead=0.024,
        stance_speed_gain=0.299,
    ),
    "bound": GaitParameters(
        phase_offsets=(0.0, 0.0, 0.5, 0.5),
        period=0.228,
        duty=0.609,
        step_height=0.077,
        stance_narrowing=-0.005,
        placement_gain_forward=0.066,
        placement_gain_lateral=0.159,
        roll_gain=1.227,
        roll_damping=0.039,
        pitch_gain=-0.54,
        pitch_damping=0.01,
        gravity_feedforward=1.77,
        tilt_compensation=-0.213,
        look_ahead=0.026,
        stance_speed_gain=1.104,
    ),
}
"""Found by random search: survival, contact pattern and speed over random starts, frictions and pushes of 0.5 m/s.

The pace was searched with its targets arriving one or two control steps late besides: a pace that only an expert
without delay can keep up is of no use to a planner.
"""


def blend(old: GaitParameters, new: GaitParameters, share: float) -> GaitParameters:
    """Parameters `share` of the way from one gait to another; phase offsets go the shorter way round."""
    if share <= 0:
        return old
    if share >= 1:
        return new
    values = {
        field.name: (1 - share) * getattr(old, field.name) + share * getattr(new, field.name)
        for field in fields(GaitParameters)
        if field.name != "phase_offsets"
    }
    start = np.array(old.phase_offsets)
    shorter_way = (np.array(new.phase_offsets) - start + 0.5) % 1.0 - 0.5
    return GaitParameters(phase_offsets=tuple(start + share * shorter_way), **values)
