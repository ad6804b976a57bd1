"""Recordings tell what was asked, what was seen and how soon; plot and video are files that open."""

import imageio.v2 as imageio
import numpy as np
import pytest

from decision_diffuser_ros.evaluation.gait_plot import plot_recording
from decision_diffuser_ros.evaluation.gait_recording import GaitRecording, GaitRequest
from decision_diffuser_ros.evaluation.gait_video import write_video
from decision_diffuser_ros.simulation.quadruped_model import STANDING_POSE
from tests.evaluation.test_gait_pattern import contacts_of


@pytest.fixture
def recording():
    """Two seconds of trot, then pace, asked at 2.0 s and walked from 2.2 s on."""
    recording = GaitRecording()
    contacts = np.concatenate([contacts_of("trot", 110), contacts_of("pace", 100)])
    for step, feet in enumerate(contacts):
        recording.time.append(0.02 * step)
        recording.base_position.append(np.array([0.01 * step, 0.0, 0.3]))
        recording.base_orientation.append(np.array([0.0, 0.0, 0.0, 1.0]))
        recording.joint_position.append(STANDING_POSE)
        recording.foot_contacts.append(feet)
        recording.forward_speed.append(0.5)
        recording.planning_ms.append(np.nan if step < 5 else 4.0)
    recording.requests = [GaitRequest(0.0, "trot"), GaitRequest(2.0, "pace")]
    return recording


def test_the_summary_tells_how_soon_and_how_well_each_gait_was_walked(recording):
    summary = recording.summary()
    trot, pace = summary["gaits"]
    assert (trot["gait"], trot["seconds_to_reach"], trot["pattern_share"]) == ("trot", 0.0, 1.0)
    assert pace["asked_at"] == 2.0
    assert pace["seconds_to_reach"] == pytest.approx(0.2, abs=0.06)
    assert pace["speed_mean"] == 0.5
    assert summary["plan_ms_p50"] == 4.0


def test_a_gait_that_is_not_reached_says_so(recording):
    recording.requests[1] = GaitRequest(2.0, "bound")
    assert recording.summary()["gaits"][1] == {"gait": "bound", "asked_at": 2.0, "seconds_to_reach": None}


def test_where_no_gait_was_asked_the_summary_tells_of_time_alone(recording):
    recording.requests.clear()
    assert recording.summary() == {"seconds": 4.18, "gaits": [], "plan_ms_p50": 4.0, "plan_ms_p95": 4.0}
    nothing = {"seconds": 0.0, "gaits": [], "plan_ms_p50": None, "plan_ms_p95": None}
    assert GaitRecording().summary() == nothing


def test_asked_and_seen_gaits_have_a_value_for_every_sample(recording):
    assert recording.asked().tolist() == ["trot"] * 100 + ["pace"] * 110
    assert len(recording.seen()) == len(recording)
    assert recording.seen_now() == "pace"


def test_nothing_is_seen_before_the_first_sample():
    assert GaitRecording().seen_now() == ""


def test_the_plot_is_a_picture(recording, tmp_path):
    picture = imageio.imread(plot_recording(recording, tmp_path / "gaits.png", title="a test"))
    assert picture.shape[0] > 400
    assert picture[..., :3].std() > 10


def test_the_video_has_25_frames_a_second(recording, tmp_path):
    del recording.time[20:]
    frames = imageio.mimread(write_video(recording, tmp_path / "gaits.mp4", processes=1))
    assert len(frames) == 10
    assert np.asarray(frames[0]).std() > 10
