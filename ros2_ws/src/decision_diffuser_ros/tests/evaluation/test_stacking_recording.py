"""What a recording of block stacking says, as numbers, as a picture and as a video."""

import numpy as np
import pytest

from decision_diffuser_ros.evaluation.stacking_recording import StackingGoal, StackingRecording

BUILT = StackingGoal("red > blue", 0.0, 0.5, True, ("red > blue",), (), "built and settled")
REFUSED = StackingGoal("red > blue & blue > red", 0.6, 0.9, False, (), (), "they contradict each other")
FAILED = StackingGoal("green > red", 0.6, 0.9, False, (), ("green > red",), "not built within 0.3 s; the arm holds")


@pytest.fixture
def recording():
    """A red block that rises by a level onto the blue one while the first joint turns, ten samples."""
    made = StackingRecording(goals=[BUILT, REFUSED])
    for step in range(10):
        state = np.zeros(36)
        state[0] = 0.1 * min(step, 5)
        blocks = state[8:].reshape(4, 7)
        blocks[:, 0], blocks[:, 2], blocks[:, 6] = 0.5, 0.025, 1.0
        blocks[:, 1] = [0.0, 0.2, 0.0, -0.2]
        blocks[0, 2] = 0.025 + 0.01 * min(step, 5)
        made.time.append(0.1 * step)
        made.state.append(state)
        made.phase.append("carrying" if step < 5 else "")
        made.planning_ms.append(np.nan if step == 0 else 10.0)
    return made


def test_heights_and_motion_are_those_of_the_states(recording):
    heights = recording.block_heights()
    assert heights.shape == (10, 4)
    np.testing.assert_allclose(heights[-1], [0.075, 0.025, 0.025, 0.025])
    assert recording.arm_motion(BUILT) == pytest.approx(0.5)
    assert recording.arm_motion(REFUSED) == 0.0


def test_the_summary_tells_each_goal(recording):
    summary = recording.summary()
    assert [goal["success"] for goal in summary["goals"]] == [True, False]
    assert summary["goals"][1]["message"] == "they contradict each other"
    assert summary["goals"][1]["arm_motion_rad"] == 0.0
    assert summary["plan_ms_p50"] == 10.0


def test_a_goal_that_failed_is_not_one_that_was_refused():
    assert [goal.outcome for goal in (BUILT, REFUSED, FAILED)] == ["built", "refused", "not built"]


def test_picture_and_video_are_written(recording, tmp_path):
    pytest.importorskip("pybullet", reason="needs PyBullet")
    from decision_diffuser_ros.evaluation.stacking_plot import plot_recording
    from decision_diffuser_ros.evaluation.stacking_video import write_video

    assert plot_recording(recording, tmp_path / "blocks.png", title="test").stat().st_size > 10_000
    drawn = []
    video = write_video(
        recording, tmp_path / "blocks.mp4", processes=1, progress=lambda done, total: drawn.append((done, total))
    )
    assert drawn[-1] == (9, 9)
    assert video.stat().st_size > 1_000
