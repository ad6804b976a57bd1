"""The learner's turns: what it commands is applied, what the expert wants is recorded, and the rest stays as it was."""

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.simulation import quadruped_model as model
from decision_diffuser_ros.simulation.learner_turns import LearnerTurns
from decision_diffuser_ros.simulation.quadruped_course import SKILLS, DemonstrationRange
from decision_diffuser_ros.simulation.quadruped_demonstrations import record_episode
from decision_diffuser_ros.simulation.target_disturbance import TargetDisturbance

BURSTS = DemonstrationRange(steps=120, disturbed_share=1.0, pushed_share=0.0, rough_share=0.0, calm_steps=(20, 30))
PREPARING_STEPS = 3


class CrouchingLearner:
    """Commands a pose near standing, another at every control step of its turns, and writes down what happens."""

    def __init__(self):
        self.calls, self.asked, self.prepared, self.commands = [], [], [], []

    def start(self, random):
        self.calls.append("start")

    def observe(self, world, *, skill, forward_speed):
        self.calls.append("observe")
        self.asked.append((skill, forward_speed))

    def take_over(self):
        self.calls.append("take over")
        return PREPARING_STEPS

    def prepare(self, command):
        self.calls.append("prepare")
        self.prepared.append(command)

    def targets(self):
        self.calls.append("drive")
        self.commands.append(model.STANDING_POSE + 0.0002 * len(self.commands))
        return self.commands[-1]


def episode_with(learner, *, share=1.0, number=0):
    return record_episode(3, number, BURSTS, turns=LearnerTurns(learner=learner, share=share))


def lengths_of(flags):
    """Lengths of the stretches in which `flags` are true; the last one too where the flags end with it."""
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False]))
    return edges[1::2] - edges[::2]


def disturbance(random, **options):
    settings = {"joints": 2, "share": 1.0, "calm_steps": (5, 9), "burst_steps": (4, 8), "noise": 0.1}
    return TargetDisturbance(random, **settings, freeze_share=0.3, **options)


def test_in_its_turn_the_robot_gets_the_learners_commands_and_the_experts_are_recorded_as_actions():
    learner = CrouchingLearner()
    episode = episode_with(learner)
    turn, applied = episode.extras["driven_by_learner"], episode.extras["applied_actions"]
    assert turn.sum() == len(learner.commands) > 20
    np.testing.assert_array_equal(applied[turn], np.array(learner.commands, np.float32))
    np.testing.assert_array_equal(applied[~turn], episode.actions[~turn])
    assert np.abs(np.diff(episode.actions[turn], axis=0)).max(axis=1).min() > 0.0, "the expert's clock stands still"
    assert np.abs(applied[turn] - episode.actions[turn]).max() > 0.1


def test_the_steps_of_a_turn_are_disturbed_and_no_others_where_all_bursts_are_the_learners():
    episode = episode_with(CrouchingLearner())
    np.testing.assert_array_equal(episode.extras["disturbed"], episode.extras["driven_by_learner"])


def test_turns_are_as_long_as_asked_with_calm_between():
    shortest, longest = LearnerTurns(learner=CrouchingLearner(), share=1.0).steps
    lengths, pauses = [], []
    for number in range(4):
        turn = episode_with(CrouchingLearner(), number=number).extras["driven_by_learner"]
        lengths += lengths_of(turn)[:-1].tolist()
        pauses += lengths_of(~turn)[1:-1].tolist()
    assert shortest <= min(lengths) < max(lengths) <= longest
    assert min(pauses) >= BURSTS.calm_steps[0] + PREPARING_STEPS


def test_the_learner_sees_every_step_and_what_is_asked_and_prepares_with_the_experts_targets_before_each_turn():
    learner = CrouchingLearner()
    episode = episode_with(learner)
    assert learner.calls[0] == "start"
    assert learner.calls.count("start") == 1
    asked = [
        (SKILLS[skill], speed)
        for skill, speed in zip(episode.skills, episode.extras["forward_speed_command"].tolist(), strict=True)
    ]
    assert learner.asked == asked
    acting = [call for call in learner.calls if call != "observe"][1:]
    first_turn = 1 + PREPARING_STEPS
    assert acting[: first_turn + 1] == ["take over", *["prepare"] * PREPARING_STEPS, "drive"]
    begin = int(np.flatnonzero(episode.extras["driven_by_learner"])[0])
    before = episode.actions[begin - PREPARING_STEPS : begin]
    np.testing.assert_array_equal(np.array(learner.prepared[:PREPARING_STEPS], np.float32), before)


def test_the_share_decides_between_the_learner_and_noise():
    learner = CrouchingLearner()
    bursts = disturbance(np.random.default_rng(1), turns=LearnerTurns(learner=learner, share=0.5, steps=(2, 4)))
    drives = []
    for _ in range(4000):
        _, disturbed = bursts(np.zeros(2))
        drives.append((disturbed, bursts.driven_by_learner))
        assert disturbed or not bursts.driven_by_learner
    lengths = lengths_of(np.array([driven for _, driven in drives]))
    others = len(lengths_of(np.array([disturbed and not driven for disturbed, driven in drives])))
    assert len(lengths) / (len(lengths) + others) == pytest.approx(0.5, abs=0.1)
    assert set(lengths[:-1]) == {2, 3, 4}


def test_without_a_learner_the_draws_are_those_that_recorded_data_sets_were_made_with():
    bursts = disturbance(np.random.default_rng(1))
    commands = np.array([bursts(np.zeros(2))[0] for _ in range(300)])
    assert not bursts.driven_by_learner
    np.testing.assert_allclose(commands.sum(axis=0), [-0.69557958, -0.41746436], rtol=0, atol=1e-8)
    assert int(np.count_nonzero(commands.any(axis=1))) == 87


def test_an_episode_without_turns_does_not_say_who_drove():
    assert "driven_by_learner" not in record_episode(3, 0, BURSTS).extras


STRIDING = DemonstrationRange(
    steps=30, switching_share=0.0, disturbed_share=0.0, pushed_share=0.0, striding_share=1.0, striding_steps=(30, 31)
)


class SteadyLearner(CrouchingLearner):
    """Holds the joints where they are: a change of gait that goes slowly wrong, but not within these few steps."""

    def observe(self, world, *, skill, forward_speed):
        super().observe(world, skill=skill, forward_speed=forward_speed)
        self.world_position = world.joint_position

    def targets(self):
        super().targets()
        return self.world_position


def strided_episode(learner, *, share=1.0, **turns):
    return record_episode(3, 0, STRIDING, turns=LearnerTurns(learner=learner, share=share, **turns))


def test_before_an_episode_in_mid_stride_the_learner_drives_through_the_change_of_gait():
    learner = SteadyLearner()
    episode = strided_episode(learner, steps=(5, 5), steps_after_change=(2, 2))
    before, during = learner.calls[: learner.calls.index("start", 1)], learner.asked[32:]
    assert before.count("observe") == 32  # all 30 steps of the other gait, and 2 of the episode's own
    assert [skill for skill, _ in learner.asked[:32]].count(SKILLS[0]) == 2
    assert {skill for skill, _ in learner.asked[30:32]} == {SKILLS[0]} != {skill for skill, _ in learner.asked[:30]}
    acting = [call for call in before if call != "observe"]
    drives = 5 + 2 - PREPARING_STEPS
    assert acting == ["start", "take over", *["prepare"] * PREPARING_STEPS, *["drive"] * drives]
    assert len(during) == len(episode) == 30
    assert not episode.extras["disturbed"].any(), "what the learner did is in the recording"
    np.testing.assert_array_equal(episode.extras["applied_actions"], episode.actions)


def test_the_recording_begins_where_the_learner_leaves_the_robot():
    alone = strided_episode(SteadyLearner(), steps=(5, 5), steps_after_change=(0, 0))
    longer = strided_episode(SteadyLearner(), steps=(5, 5), steps_after_change=(2, 2))
    expert = record_episode(3, 0, STRIDING)
    assert np.abs(alone.states[0] - expert.states[0]).max() > 0.05
    assert np.abs(alone.states[0] - longer.states[0]).max() > 0.05


def test_the_share_decides_how_many_walks_are_the_learners():
    learner = SteadyLearner()
    for number in range(12):
        turns = LearnerTurns(learner=learner, share=0.5, steps=(5, 5), steps_after_change=(0, 0))
        record_episode(3, number, STRIDING, turns=turns)
    assert 0 < learner.calls.count("take over") < 12


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ConfigurationError, match=f"must be above 0, at most 1. Got {share}"):
        LearnerTurns(learner=CrouchingLearner(), share=share)


@pytest.mark.parametrize("steps", [(0, 5), (6, 5)])
def test_a_turn_of_no_length_is_refused(steps):
    with pytest.raises(ConfigurationError, match="`steps` must be a shortest turn of at least 1 and a longest"):
        LearnerTurns(learner=CrouchingLearner(), share=0.5, steps=steps)
