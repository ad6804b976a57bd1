"""Where a block stacking model loses its precision: plans and inverse dynamics against the expert's demonstrations.

A plan is asked for in a state of a demonstration, under its label and with its outcome, and held against what the
expert did from there.
Only moments are taken at which the expert is under way to one block or with one, and stays so for the whole plan: there
the way on is mostly one way, and a difference is an error. The block that moves is told apart from those that rest, and
the phase at the start says what it was about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from decision_diffuser_ros.data.demonstrations import read_episodes
from decision_diffuser_ros.data.episode import Episode
from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
from decision_diffuser_ros.evaluation.stacking_tasks import Request
from decision_diffuser_ros.evaluation.text_table import TextTable
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.simulation.iiwa_kinematics import tool_pose
from decision_diffuser_ros.simulation.stacking_expert import Phase

EXTRAS = ("phase", "moved_block", "disturbed")
SHOWN_STEPS = (1, 2, 4, 8, 16)
"""Steps of a plan whose errors are told; what one step brings is the first."""
MILLI = 1e3


def diagnose(model: EvaluatedModel, demonstrations: str | Path, *, seed: int, plans: int = 200) -> dict[str, Any]:
    """Root mean square errors, JSON-able.

    Args:
        model: whose plans and inverse dynamics.
        demonstrations: directory of a data set that the model was not trained on.
        seed: of the moments and of the planner's noise.
        plans: how many.
    """
    bundle = Bundle.load(model.bundle, threads=1)
    planner = Planner(bundle, settings=model.sampling or bundle.manifest.sampling)
    episodes = list(read_episodes(demonstrations, extras=EXTRAS))
    rng = np.random.default_rng(seed)
    moments = decided_moments(episodes, bundle.manifest.plan_steps)
    chosen = [moments[index] for index in rng.permutation(len(moments))[:plans]]
    errors = [plan_error(planner, episodes[episode], step, rng) for episode, step in chosen]
    phases = np.array([episodes[episode].extras["phase"][step] for episode, step in chosen])
    return {
        "plans": len(chosen),
        "plan_error": {
            str(step): root_mean_square([{name: row[step - 1] for name, row in error.items()} for error in errors])
            for step in SHOWN_STEPS
            if step <= bundle.manifest.plan_steps
        },
        "plan_error_at_step_2_by_phase": {
            Phase(phase).name.lower(): root_mean_square(
                [{name: row[1] for name, row in errors[index].items()} for index in np.flatnonzero(phases == phase)]
            )
            for phase in np.unique(phases)
        },
        "inverse_dynamics_error": inverse_dynamics_error(bundle, episodes),
    }


def decided_moments(episodes: Sequence[Episode], plan_steps: int) -> list[tuple[int, int]]:
    """(episode, control step) from which the expert moves one block, or towards one, for a whole plan undisturbed."""
    moments = []
    for number, episode in enumerate(episodes):
        block, disturbed = episode.extras["moved_block"], episode.extras["disturbed"]
        for step in range(1, len(episode) - plan_steps + 1):
            ahead = slice(step, step + plan_steps)
            same_block = (block[ahead] == block[step - 1]).all() and block[step] >= 0
            if same_block and not disturbed[ahead].any():
                moments.append((number, step))
    return moments


def plan_error(planner: Planner, episode: Episode, step: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Errors of each planned state, by what they are of; every array (plan_steps,), in mrad or mm."""
    manifest = planner.bundle.manifest
    request = Request((int(episode.skills[step]),))
    first = max(0, step + 1 - manifest.history)
    outcome = episode.states[-1] if manifest.outcome else None
    plan = planner.plan(episode.states[first : step + 1], request.branches(1.0), rng=rng, outcome=outcome)
    wanted = episode.states[step + 1 : step + 1 + manifest.plan_steps]
    moved = int(episode.extras["moved_block"][step])
    apart = block_positions(plan.states) - block_positions(wanted)
    resting = np.delete(apart, moved, axis=1)
    return {
        "joints_mrad": MILLI * np.sqrt(np.square(plan.states[:, :7] - wanted[:, :7]).mean(axis=1)),
        "tool_mm": MILLI * np.linalg.norm(tool_positions(plan.states) - tool_positions(wanted), axis=1),
        "opening_mm": MILLI * np.abs(plan.states[:, 7] - wanted[:, 7]),
        "moved_block_mm": MILLI * np.linalg.norm(apart[:, moved], axis=1),
        "resting_blocks_mm": MILLI * np.sqrt(np.square(resting).sum(axis=2).mean(axis=1)),
    }


def tool_positions(states: np.ndarray) -> np.ndarray:
    """Of the tool in states (count, 36), (count, 3) [m]."""
    return np.array([tool_pose(state[:7])[0] for state in states])


def block_positions(states: np.ndarray) -> np.ndarray:
    """Centres of the blocks in states (count, 36), (count, 4, 3) [m]."""
    return states[:, 8:].reshape(len(states), 4, 7)[..., :3]


def inverse_dynamics_error(bundle: Bundle, episodes: Sequence[Episode]) -> dict[str, float]:
    """Of the targets for what came next in the demonstrations, where nothing but the expert acted."""
    calm = [~episode.extras["disturbed"] for episode in episodes]
    states = np.concatenate([episode.states[:-1][rows] for episode, rows in zip(episodes, calm, strict=True)])
    after = np.concatenate([episode.states[1:][rows] for episode, rows in zip(episodes, calm, strict=True)])
    targets = np.concatenate([episode.actions[rows] for episode, rows in zip(episodes, calm, strict=True)])
    error = MILLI * (bundle.inverse_dynamics(states, after) - targets)
    rounded = np.round(np.sqrt(np.square(error).mean(axis=0)), 3)
    return {
        "joints_mrad": round(float(np.sqrt(np.square(rounded[:7]).mean())), 3),
        "worst_joint_mrad": float(rounded[:7].max()),
        "opening_mm": float(rounded[7]),
    }


def root_mean_square(errors: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each kind of error."""
    return {name: round(float(np.sqrt(np.mean([np.square(error[name]) for error in errors]))), 2) for name in errors[0]}


def print_tables(errors: Mapping[str, Any], console: Console) -> None:
    """Prints what `diagnose` returned."""
    for title, key in (("by plan step", "plan_error"), ("at step 2, by phase", "plan_error_at_step_2_by_phase")):
        names = list(next(iter(errors[key].values())))
        rows = [[label, *(f"{row[name]:.1f}" for name in names)] for label, row in errors[key].items()]
        TextTable(f"Error of {errors['plans']} plans {title}", ("", *names), rows).print(console)
    dynamics = errors["inverse_dynamics_error"]
    console.print("Inverse dynamics: " + ", ".join(f"{name} {value:.2f}" for name, value in dynamics.items()))
