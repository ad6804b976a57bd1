"""The scripted expert of block stacking, whose demonstrations the planner learns from.

    python watch_the_stacking.py                                     a tower of four, told as text
    python watch_the_stacking.py --piles "red blue" "yellow green"   two towers, named from below
    python watch_the_stacking.py --video stacking.mp4                as a video, drawn without a screen
    python watch_the_stacking.py --gui                               in PyBullet's window

The blocks lie anywhere on the table at first. Nothing but the friction of two fingers holds them.
"""

import argparse
import time

import imageio.v2 as imageio
import numpy as np

from decision_diffuser_ros.simulation.block_arrangement import from_piles
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES, constraints_that_hold
from decision_diffuser_ros.simulation.stacking_env import BlockStackingEnv
from decision_diffuser_ros.simulation.stacking_expert import StackingExpert
from decision_diffuser_ros.simulation.stacking_model import BLOCK_NAMES, CONTROL_STEP
from decision_diffuser_ros.simulation.stacking_rendering import StackingRenderer
from decision_diffuser_ros.simulation.stacking_world import StackingWorldSettings


def main() -> None:
    """Lets the expert build the piles; says what it does, and at the end what stands above what."""
    options = read_command_line()
    env = BlockStackingEnv(settings=StackingWorldSettings(gui=options.gui))
    state, _ = env.reset(seed=options.seed)
    expert = StackingExpert(from_piles([[BLOCK_NAMES.index(name) for name in pile.split()] for pile in options.piles]))
    states, told = [state], None

    while expert.resting_steps < 1 / CONTROL_STEP:
        began = time.perf_counter()
        state, *_ = env.step(expert.targets(env.world))
        states.append(state)
        phase = expert.phase.name.lower().replace("_", " ")
        if told != phase:
            told = phase
            block = BLOCK_NAMES[expert.moved_block] if expert.moved_block >= 0 else ""
            print(f"{env.world.time:5.1f} s  {phase:8} {block}")
        if options.gui:
            time.sleep(max(0.0, CONTROL_STEP - (time.perf_counter() - began)))
    held = constraints_that_hold(env.world.block_position)
    print("holds:", ", ".join(name for name, holds in zip(CONSTRAINT_NAMES, held, strict=True) if holds))
    env.close()
    if options.video:
        write_video(options.video, states)


def write_video(path: str, states: list[np.ndarray]) -> None:
    """Draws every state, at twice real speed."""
    renderer = StackingRenderer(width=560, height=352)
    with imageio.get_writer(path, fps=2 / CONTROL_STEP) as writer:
        for state in states:
            writer.append_data(renderer.frame(state))
    renderer.close()
    print(f"the video is in {path}")


def read_command_line() -> argparse.Namespace:
    """What is to be shown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--piles", nargs="+", default=["blue red green yellow"], help="each from below")
    parser.add_argument("--seed", type=int, default=0, help="of where the blocks lie")
    parser.add_argument("--gui", action="store_true", help="open PyBullet's window, at real speed")
    parser.add_argument("--video", help="MP4 file to write")
    return parser.parse_args()


if __name__ == "__main__":
    main()
