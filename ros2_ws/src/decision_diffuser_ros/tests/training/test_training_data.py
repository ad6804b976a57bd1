"""Batches show the demonstrations, normalised and labelled."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from decision_diffuser_ros.data.windows import index_windows
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.training.training_data import TransitionBatches, WindowBatches, split_off_last
from decision_diffuser_ros.training.training_record import TrainingRecord
from decision_diffuser_ros.training.training_run import window_batches
from tests.training.toy import CONFIGURATION, toy_demonstrations

HISTORY, PLAN = CONFIGURATION.data.history, CONFIGURATION.data.plan_steps


@pytest.fixture
def demonstrations():
    return toy_demonstrations()


@pytest.fixture
def record(demonstrations):
    return TrainingRecord.of(demonstrations, configuration=CONFIGURATION, seed=3, provenance={})


def test_a_window_is_the_stretch_of_states_around_its_current_one(demonstrations, record):
    batches = window_batches(record, demonstrations)
    windows = index_windows(demonstrations, history=HISTORY, plan_steps=PLAN)
    chosen = np.flatnonzero(windows.available_history == HISTORY)[[0, 7, -1]]
    batch = batches.gather(torch.from_numpy(chosen))
    for number, window in enumerate(chosen):
        current = windows.current_state[window]
        expected = demonstrations.states[current - HISTORY + 1 : current + PLAN + 1]
        restored = record.normaliser.restore(batch["trajectory"][number].numpy())
        np.testing.assert_allclose(restored, expected, atol=1e-5)


def test_a_short_history_stays_within_its_episode(demonstrations, record):
    batches = window_batches(record, demonstrations)
    windows = index_windows(demonstrations, history=HISTORY, plan_steps=PLAN)
    second_episode = demonstrations.first_state[1]
    window = np.flatnonzero(windows.current_state == second_episode)
    batch = batches.gather(torch.from_numpy(window))
    assert batch["available_history"].item() == 1
    first = batches.states[second_episode]
    assert (batch["trajectory"][0, :HISTORY] == first).all()


def test_an_outcome_is_the_state_in_which_the_episode_ended(demonstrations, record):
    plain = window_batches(record, demonstrations)
    outcome = WindowBatches.of(
        demonstrations,
        normaliser=record.normaliser,
        configuration=dataclasses.replace(record.configuration.data, outcome=True),
        kinds=record.kinds,
        step_duration=record.description.step_duration,
    )
    chosen = torch.arange(len(plain))
    with_outcome, without = outcome.gather(chosen)["trajectory"], plain.gather(chosen)["trajectory"]
    torch.testing.assert_close(with_outcome[:, :-1], without)
    ends = demonstrations.first_state + demonstrations.lengths
    episode = np.searchsorted(ends, plain.current_state.numpy())
    torch.testing.assert_close(with_outcome[:, -1], plain.states[ends[episode]])


def test_the_condition_is_the_skill_and_then_the_number(demonstrations, record):
    batch = window_batches(record, demonstrations).draw(np.random.default_rng(0), 50)
    assert batch["condition"].shape == (50, 3)
    assert set(map(tuple, batch["condition"][:, :2].tolist())) == {(1.0, 0.0), (0.0, 1.0)}
    torch.testing.assert_close(batch["condition"][:, 2], torch.full((50,), 0.5), atol=1e-4, rtol=0.0)


def test_the_asked_share_of_a_batch_comes_from_just_after_a_switch(demonstrations, record):
    batches = dataclasses.replace(window_batches(record, demonstrations), after_switch_share=1.0)
    current = set(batches.current_state[torch.from_numpy(batches.after_switch)].tolist())
    rng = np.random.default_rng(0)
    drawn = batches.draw(rng, 40)
    rows = {tuple(window.tolist()) for window in drawn["trajectory"][:, HISTORY - 1]}
    switching = {tuple(batches.states[row].tolist()) for row in current}
    assert rows <= switching
    everything = dataclasses.replace(batches, after_switch_share=0.0).draw(rng, 40)
    assert not {tuple(window.tolist()) for window in everything["trajectory"][:, HISTORY - 1]} <= switching


def test_a_transition_is_a_state_the_one_that_followed_and_the_clean_action(demonstrations):
    batch = TransitionBatches.of(demonstrations).draw(np.random.default_rng(0), 100)
    torch.testing.assert_close(batch["action"], batch["next_state"][:, :1] + 0.1)
    before = {tuple(state) for state in demonstrations.states.tolist()}
    assert {tuple(state) for state in batch["state"].tolist()} <= before


def test_transitions_that_a_learner_made_are_left_out(demonstrations):
    driven = np.zeros(len(demonstrations.actions), dtype=bool)
    driven[::3] = True
    marked = dataclasses.replace(demonstrations, extras={**demonstrations.extras, "driven_by_learner": driven})
    transitions = TransitionBatches.of(marked)
    batch = transitions.gather(torch.arange(len(transitions)))
    assert len(transitions) == np.count_nonzero(~driven)
    np.testing.assert_array_equal(batch["action"], demonstrations.actions[~driven])
    torch.testing.assert_close(batch["action"], batch["next_state"][:, :1] + 0.1)


def test_the_last_episodes_are_held_out(demonstrations):
    used, held_out = split_off_last(demonstrations, 0.25)
    assert (len(used.lengths), len(held_out.lengths)) == (3, 1)
    np.testing.assert_array_equal(np.concatenate([used.states, held_out.states]), demonstrations.states)
    np.testing.assert_array_equal(np.concatenate([used.actions, held_out.actions]), demonstrations.actions)
    for name, value in demonstrations.extras.items():
        np.testing.assert_array_equal(np.concatenate([used.extras[name], held_out.extras[name]]), value)
    assert split_off_last(demonstrations, 0.1)[1] is None


def with_conditions(record: TrainingRecord, *conditions: str, **description) -> TrainingRecord:
    """The record of the same training with other kinds of condition, and with something else said of the data."""
    data = dataclasses.replace(CONFIGURATION.data, conditions=conditions)
    return dataclasses.replace(
        record,
        configuration=dataclasses.replace(CONFIGURATION, data=data),
        description=dataclasses.replace(record.description, **description),
    )


def test_a_choice_is_labelled_alike_whatever_its_kind_is_called(demonstrations, record):
    skills = window_batches(with_conditions(record, "skill"), demonstrations)
    constraints = window_batches(with_conditions(record, "constraint", choice_kind="constraint"), demonstrations)
    assert constraints.condition.shape == (len(constraints), 2)
    torch.testing.assert_close(constraints.condition, skills.condition)


@pytest.mark.parametrize(
    "condition, described, available",
    [
        ("colour", {}, "skill, return, forward_speed"),
        ("skill", {"choice_kind": "constraint"}, "constraint, return, forward_speed"),
        ("skill", {"skill_names": ()}, "return, forward_speed"),
    ],
)
def test_a_condition_that_the_data_are_not_labelled_with_is_refused(record, condition, described, available):
    changed = with_conditions(record, condition, **described)
    metadata = {"attributes": {"description": changed.description.to_json()}}
    demonstrations = dataclasses.replace(toy_demonstrations(), metadata=metadata)
    with pytest.raises(ConfigurationError, match=f"condition '{condition}' is not what .* 'toy' .*: {available}$"):
        TrainingRecord.of(demonstrations, configuration=changed.configuration, seed=3, provenance={})
