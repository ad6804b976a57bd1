"""`decision-diffuser demo`: the main job, to watch."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from decision_diffuser_ros.command_line.options import default_directory, finite, writable_directory
from decision_diffuser_ros.command_line.termination import ends_in_order

if TYPE_CHECKING:
    from rich.console import Console

GAITS = ("trot", "pace", "bound")
TOWER = ("green > blue", "red > green & green > blue")
"""From the bottom; the second asks for what stands already too: red is above green as well when green comes down."""
IMPOSSIBLE = ("red > blue & blue > red", "red > blue & blue > green & green > red")


@ends_in_order()
def demo(
    robot: Annotated[str, typer.Argument(help="What to show: quadruped_gaits or block_stacking.")] = "quadruped_gaits",
    seconds_per_gait: Annotated[
        float, typer.Option(min=1.0, help="Gaits: simulated seconds of each.", callback=finite)
    ] = 9.0,
    constraints: Annotated[
        list[str] | None, typer.Option(help="Stacking: what to build; again for more, one after the other.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Stacking: of where blocks and arm are at first.")] = 0,
    output: Annotated[
        Path | None, typer.Option(help="Directory of the results; out/ROBOT by default.", callback=writable_directory)
    ] = None,
    bundle: Annotated[str | None, typer.Option(help="Another bundle: a shipped model's name, or a directory.")] = None,
    gui: Annotated[bool, typer.Option(help="Open the simulator's window, which needs a screen.")] = False,
    video: Annotated[bool, typer.Option(help="Draw the video, which takes most of the time afterwards.")] = True,
) -> int:
    """Watch a simulated robot: one that walks in three gaits, or an arm that builds a tower of blocks.

    quadruped_gaits: trot, then a service call asks for pace, then for bound. block_stacking: an action asks for a
    tower of three, block by block, then for what cannot be. Leaves a video, a plot and the numbers in out/. Exit code 1
    if a gait was not reached, or what can be built was not.
    """
    from decision_diffuser_ros.errors import ConfigurationError
    from decision_diffuser_ros.simulation.screen import require_screen

    if gui:
        require_screen()
    directory = output or default_directory(Path("out") / robot)
    if robot == "quadruped_gaits":
        return 0 if _walk(directory, seconds_per_gait=seconds_per_gait, bundle=bundle, gui=gui, video=video) else 1
    if robot == "block_stacking":
        goals = tuple(constraints or (*TOWER, *IMPOSSIBLE))
        return 0 if _stack(directory, goals, seed=seed, bundle=bundle, gui=gui, video=video) else 1
    raise ConfigurationError(f"there is no demonstration {robot!r}; available: quadruped_gaits, block_stacking")


def _walk(directory: Path, *, seconds_per_gait: float, bundle: str | None, gui: bool, video: bool) -> bool:
    """The robot that walks; returns whether every gait was reached."""
    from rich.console import Console

    from decision_diffuser_ros.evaluation.gait_plot import plot_recording
    from decision_diffuser_ros.evaluation.gait_video import write_video
    from decision_diffuser_ros.nodes.gait_demo import DemoSettings, run_demo
    from decision_diffuser_ros.nodes.gait_demo_view import described
    from decision_diffuser_ros.nodes.live_view import LiveView

    console = Console()
    settings = DemoSettings(
        gaits=GAITS, seconds_per_gait=seconds_per_gait, output=directory / "logs", gui=gui, bundle=bundle
    )
    with LiveView(console, described) as view:
        recording = run_demo(settings, show=view.show)
    summary = recording.summary()
    for row in summary["gaits"]:
        reached = row["seconds_to_reach"]
        outcome = "not reached"
        if reached is not None:
            share = f"{100 * row['gait_share']:.0f} % of the time"
            outcome = f"reached after {reached:.2f} s, seen {share}, {row['speed_mean']:.2f} m/s"
        console.print(f"{row['gait']:>6} asked at {row['asked_at']:.2f} s: {outcome}")
    reached_gaits = {row["gait"] for row in summary["gaits"] if row["seconds_to_reach"] is not None}
    missed = [gait for gait in GAITS if gait not in reached_gaits]
    if missed:
        console.print(f"not reached: {', '.join(missed)}", style="red")
    _write_summary(summary, directory)
    plot_recording(recording, directory / "gaits.png", title="Simulated Unitree A1: gaits asked and gaits walked")
    if video:
        _draw_video(write_video, recording, directory / "gaits.mp4", console)
    console.print(f"[bold]{directory}[/bold] holds {'gaits.mp4, ' if video else ''}gaits.png and summary.json")
    return not missed


def _stack(directory: Path, goals: tuple[str, ...], *, seed: int, bundle: str | None, gui: bool, video: bool) -> bool:
    """The arm that stacks blocks; returns whether all that can be built was built."""
    from rich.console import Console

    from decision_diffuser_ros.evaluation.stacking_plot import plot_recording
    from decision_diffuser_ros.evaluation.stacking_video import write_video
    from decision_diffuser_ros.nodes.live_view import LiveView
    from decision_diffuser_ros.nodes.stacking_demo import StackingDemoSettings, run_stacking_demo
    from decision_diffuser_ros.nodes.stacking_demo_view import described

    console = Console()
    settings = StackingDemoSettings(goals=goals, output=directory / "logs", gui=gui, bundle=bundle, seed=seed)
    with LiveView(console, described) as view:
        recording = run_stacking_demo(settings, show=view.show)
    for goal in recording.goals:
        outcome = f"built and settled after {goal.ended_at - goal.asked_at:.1f} s" if goal.success else goal.message
        console.print(f"{goal.constraints}: {outcome}", highlight=False)
    _write_summary(recording.summary() | {"seed": seed}, directory)
    plot_recording(
        recording, directory / "blocks.png", title="Simulated Kuka iiwa: constraints asked and heights of the blocks"
    )
    if video:
        _draw_video(write_video, recording, directory / "blocks.mp4", console)
    console.print(f"[bold]{directory}[/bold] holds {'blocks.mp4, ' if video else ''}blocks.png and summary.json")
    return all(goal.outcome != "not built" for goal in recording.goals)


def _write_summary(summary: dict[str, object], directory: Path) -> None:
    from decision_diffuser_ros.evaluation.scores_file import write_scores
    from decision_diffuser_ros.provenance import provenance

    write_scores(summary | provenance(), directory / "summary.json")


def _draw_video(write_video: Callable[..., Path], recording: Any, path: Path, console: "Console") -> None:
    """Draws the video of a recording on all cores, with a progress bar."""
    from rich.progress import Progress

    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("drawing the video", total=None)
        write_video(
            recording,
            path,
            processes=os.cpu_count() or 1,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
