"""Which gait a robot walks, read off its feet's contacts with the floor.

A gait is told by which feet move together: in a trot the diagonal ones, in a pace those of one side, in a bound the
two in front and the two behind. That needs no model and no label: it is the physics' own verdict.
"""

import numpy as np

PAIRS = {
    "trot": ((0, 3), (1, 2)),
    "pace": ((0, 2), (1, 3)),
    "bound": ((0, 1), (2, 3)),
}
"""Feet that move together, as indices into FR, FL, RR, RL."""
WINDOW_STEPS = 20
"""Control steps over which a gait is judged: 0.4 s, a little over the longest cycle (0.37 s)."""
HOLD_STEPS = 25
"""Control steps that a gait must lead without a break to count as reached: 0.5 s."""


def pairs_together(foot_contacts: np.ndarray, gait: str) -> np.ndarray:
    """Share of the gait's two pairs whose feet both stand or both swing, at every step.

    Args:
        foot_contacts: (steps, 4) bool, feet FR, FL, RR, RL.
        gait: one of `PAIRS`.

    Returns:
        (steps,), each 0, 0.5 or 1.
    """
    contacts = np.asarray(foot_contacts, dtype=bool)
    return np.mean([contacts[:, first] == contacts[:, second] for first, second in PAIRS[gait]], axis=0)


def pattern_share(foot_contacts: np.ndarray, gait: str) -> float:
    """Share of time in which both feet of the gait's pairs have the same contact, from (steps, 4) contacts."""
    return float(pairs_together(foot_contacts, gait).mean())


def leading_gait(foot_contacts: np.ndarray) -> np.ndarray:
    """The gait whose pairs keep together most in the 0.4 s around every step.

    Near the ends the window is cut off. A tie, as of a robot that stands still, is nobody's lead.

    Args:
        foot_contacts: (steps, 4) bool.

    Returns:
        (steps,) names of gaits; empty where none leads.
    """
    steps = len(foot_contacts)
    together = np.stack([pairs_together(foot_contacts, gait) for gait in PAIRS])
    sums = np.concatenate([np.zeros((len(PAIRS), 1)), np.cumsum(together, axis=1)], axis=1)
    begin = np.maximum(np.arange(steps) - WINDOW_STEPS // 2, 0)
    end = np.minimum(np.arange(steps) + WINDOW_STEPS // 2, steps)
    share = (sums[:, end] - sums[:, begin]) / (end - begin)
    ordered = np.sort(share, axis=0)
    names = np.array(list(PAIRS), dtype="<U8")[np.argmax(share, axis=0)]
    return np.where(ordered[-1] - ordered[-2] > 1e-9, names, "")


def gait_share(foot_contacts: np.ndarray, gait: str) -> float:
    """Share of time in which the gait's pattern leads, from (steps, 4) contacts."""
    return float(np.mean(leading_gait(foot_contacts) == gait))


def steps_to_reach(foot_contacts: np.ndarray, gait: str, *, switch_step: int) -> int | None:
    """Control steps from the switch until the gait's pattern begins to lead for at least 0.5 s.

    Args:
        foot_contacts: (steps, 4) bool of the whole episode.
        gait: the gait asked from `switch_step` on.
        switch_step: when it was asked for.

    Returns:
        None where the gait is not reached within the episode.
    """
    leads = leading_gait(foot_contacts) == gait
    for start in range(switch_step, len(leads) - HOLD_STEPS + 1):
        if leads[start : start + HOLD_STEPS].all():
            return start - switch_step
    return None
