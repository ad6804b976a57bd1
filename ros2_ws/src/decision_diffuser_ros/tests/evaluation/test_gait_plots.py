"""What the pictures of the experiments on composed gaits say that they show."""

from types import ModuleType

import pytest
from matplotlib.figure import Figure

from decision_diffuser_ros.evaluation import (
    gait_composition,
    gait_composition_plot,
    gait_conditions,
    gait_curves_plot,
    gait_slider,
    gait_tables,
    success_bars_plot,
)
from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
from decision_diffuser_ros.evaluation.gait_shares import COUNTED_FRAMES
from tests.evaluation.test_gait_experiments import MANIFEST, FakeExperiment


def drawn(module: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> Figure:
    """The figure that a function of a module draws in place of writing it."""
    figures: list[Figure] = []
    monkeypatch.setattr(module, "write_picture", lambda figure, path: figures.append(figure))
    getattr(module, name)(*arguments, "nowhere.png", title="a title")
    (figure,) = figures
    return figure


def test_frames_are_named_as_they_are_counted():
    assert COUNTED_FRAMES == "frames after the first 0.5 s, until a fall"


def test_tables_and_pictures_say_which_frames_their_shares_are_of(monkeypatch):
    experiment = FakeExperiment(model=EvaluatedModel(bundle="nowhere"), manifest=MANIFEST, seed=5)
    composition, shown = gait_composition.evaluate(experiment, episodes=1, baseline_episodes=1, expert_episodes=1)
    slider = gait_slider.evaluate(experiment, episodes=1, first="trot", second="pace")
    conditions = gait_conditions.evaluate(experiment, episodes=1)
    tables = [
        gait_tables.composition_tables(composition)[0],
        *gait_tables.slider_tables(slider),
        *gait_tables.condition_tables(conditions),
    ]
    assert all(f"of {COUNTED_FRAMES}" in table.title for table in tables)
    figure = drawn(gait_composition_plot, "plot_composition", monkeypatch, shown, composition)
    assert f"of {COUNTED_FRAMES}" in figure.get_suptitle()
    assert "\nof frames: trot 100.0" in figure.axes[0].get_title()
    figure = drawn(gait_curves_plot, "plot_slider", monkeypatch, slider)
    assert f"of {COUNTED_FRAMES}" in figure.axes[0].get_ylabel()
    figure = drawn(success_bars_plot, "plot_conditions", monkeypatch, conditions)
    assert f"of {COUNTED_FRAMES}" in figure.axes[0].get_xlabel()
