"""`decision-diffuser demo`: the main job, to watch."""

import os
from pathlib import Path
from typing import Annotated

import typer

GAITS = ("trot", "pace", "bound")


def demo(
    robot: Annotated[str, typer.Argument(help="What to show: quadruped_gaits.")] = "quadruped_gaits",
    seconds_per_gait: Annotated[float, typer.Option(min=1.0, help="Simulated seconds of each gait.")] = 9.0,
    output: Annotated[Path | None, typer.Option(help="Directory of the results; out/ROBOT by default.")] = None,
    bundle: Annotated[str | None, typer.Option(help="Another bundle: a shipped model's name, or a directory.")] = None,
    gui: Annotated[bool, typer.Option(help="Open the simulator's window, which needs a screen.")] = False,
    video: Annotated[bool, typer.Option(help="Draw the video, which takes most of the time after the walk.")] = True,
) -> None:
    """Watch the simulated robot walk: trot, then a service call asks for pace, then for bound.

    Leaves a video, a plot and the numbers in out/.
    """
    import json

    from rich.console import Console
    from rich.progress import Progress

    from decision_diffuser_ros.errors import ConfigurationError
    from decision_diffuser_ros.evaluation.gait_plot import plot_recording
    from decision_diffuser_ros.evaluation.gait_video import write_video
    from decision_diffuser_ros.nodes.gait_demo import DemoSettings, run_demo
    from decision_diffuser_ros.nodes.gait_demo_view import LiveView
    from decision_diffuser_ros.provenance import provenance

    if robot != "quadruped_gaits":
        raise ConfigurationError(f"there is no demonstration {robot!r}; available: quadruped_gaits")
    console = Console()
    directory = output or Path("out") / robot
    directory.mkdir(parents=True, exist_ok=True)
    settings = DemoSettings(
        gaits=GAITS, seconds_per_gait=seconds_per_gait, output=directory / "logs", gui=gui, bundle=bundle
    )
    with LiveView(console) as view:
        recording = run_demo(settings, show=view.show)
    summary = recording.summary() | provenance()
    (directory / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    plot_recording(
        recording, directory / "gaits.png", title="Simulated Unitree A1: gaits asked and gaits walked"
    )
    if video:
        with Progress(console=console, transient=True) as bar:
            task = bar.add_task("drawing the video", total=None)
            write_video(
                recording,
                directory / "gaits.mp4",
                processes=os.cpu_count() or 1,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    for row in summary["gaits"]:
        reached = row["seconds_to_reach"]
        outcome = "not reached"
        if reached is not None:
            share = f"{100 * row['gait_share']:.0f} % of the time"
            outcome = f"reached after {reached:.2f} s, seen {share}, {row['speed_mean']:.2f} m/s"
        console.print(f"{row['gait']:>6} asked at {row['asked_at']:.2f} s: {outcome}")
    console.print(f"[bold]{directory}[/bold] holds {'gaits.mp4, ' if video else ''}gaits.png and summary.json")
