"""The bars are drawn from the scores: other scores, another picture."""

import imageio.v3 as imageio
import numpy as np

from decision_diffuser_ros.evaluation.success_bars_plot import plot_conditions, plot_stacking


def test_conditions_are_a_picture_of_their_shares(tmp_path):
    def drawn(trot):
        shares = {"trot": trot, "pace": 1.0 - trot, "bound": 0.0}
        row = {"allowed": ["trot", "pace"], "succeeded": trot, "shares": shares}
        return imageio.imread(plot_conditions({"questions": {"!bound": row}}, tmp_path / "bars.png", title="a test"))

    some, others = drawn(0.2), drawn(0.9)
    assert some.shape == others.shape
    assert np.mean(np.any(some != others, axis=-1)) > 0.05


def test_stacking_is_a_picture_of_every_drivers_success(tmp_path):
    def drawn(**others):
        task = {"success_strict": 0.9, **{name: {"success_strict": share} for name, share in others.items()}}
        scores = {"driver": "planner", "tasks": {"single_stacking": task, "or": task}}
        return imageio.imread(plot_stacking(scores, tmp_path / "stacking.png", title="a test"))

    alone, beside = drawn(), drawn(expert=1.0, behaviour_cloning=0.1)
    assert alone.shape == beside.shape
    assert np.mean(np.any(alone != beside, axis=-1)) > 0.05
