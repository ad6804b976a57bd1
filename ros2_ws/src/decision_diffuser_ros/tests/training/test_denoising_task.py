"""The denoising task shows what it should, leaves out conditions as often as it should, and scores the plan alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from decision_diffuser_ros.diffusion.schedule import noise_schedule
from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.training.configuration import DiffusionConfiguration
from decision_diffuser_ros.training.denoising_task import FUTURE, MISSING, OBSERVED, DenoisingTask

HISTORY, PLAN, STATE_DIM = 4, 8, 3
CONFIGURATION = DiffusionConfiguration(
    denoising_steps=20, history_length_weights=(0.0, 3.0, 1.0, 0.0), first_states=2, first_states_weight=3.0
)


def make_task(**changes) -> DenoisingTask:
    configuration = dataclasses.replace(CONFIGURATION, **changes)
    return DenoisingTask(configuration, history=HISTORY, plan_steps=PLAN, kind_count=2)


def make_batch(count: int, available: int = HISTORY) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "trajectory": torch.randn(count, HISTORY + PLAN, STATE_DIM, generator=generator),
        "available_history": torch.full((count,), available),
        "condition": torch.rand(count, 3, generator=generator),
    }


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_observed_rows_are_shown_clean_missing_ones_as_zero_and_future_ones_noisy(generator):
    batch, last = make_batch(64), 19
    example = make_task().example(batch, generator, denoising_step=torch.full((64,), last))
    shown, mask = example.inputs["trajectory"], example.inputs["observation_mask"]
    torch.testing.assert_close(shown[mask == OBSERVED], batch["trajectory"][mask == OBSERVED])
    assert (shown[mask == MISSING] == 0.0).all()
    future, clean = shown[mask == FUTURE], batch["trajectory"][mask == FUTURE]
    assert len(future) == 64 * PLAN
    assert abs(torch.corrcoef(torch.stack([future.flatten(), clean.flatten()]))[0, 1]) < 0.1
    assert future.std().item() == pytest.approx(1.0, abs=0.1)


def test_noisy_rows_are_the_mix_of_clean_rows_and_noise_that_the_schedule_says(generator):
    batch, step = make_batch(16), 7
    example = make_task(prediction="noise").example(batch, generator, denoising_step=torch.full((16,), step))
    share = noise_schedule("cosine", 20).alphas_cumprod[step]
    mixed = np.sqrt(share) * batch["trajectory"] + np.sqrt(1.0 - share) * example.target  # Ho 2020, Eq. 4
    torch.testing.assert_close(example.inputs["trajectory"][:, HISTORY:], mixed[:, HISTORY:].float())


def test_x0_prediction_aims_at_the_clean_window(generator):
    batch = make_batch(4)
    assert make_task(prediction="x0").example(batch, generator).target is batch["trajectory"]


def test_history_noise_touches_observed_rows_only(generator):
    batch = make_batch(200)
    example = make_task(history_noise=0.1).example(batch, generator)
    observed = example.inputs["observation_mask"] == OBSERVED
    error = (example.inputs["trajectory"] - batch["trajectory"])[observed]
    assert error.std().item() == pytest.approx(0.1, rel=0.1)
    assert (example.inputs["trajectory"][example.inputs["observation_mask"] == MISSING] == 0.0).all()
    torch.testing.assert_close(example.target, batch["trajectory"])


def make_outcome_task(**changes) -> DenoisingTask:
    configuration = dataclasses.replace(CONFIGURATION, **changes)
    return DenoisingTask(configuration, history=HISTORY, plan_steps=PLAN - 1, kind_count=2, has_outcome=True)


def test_an_outcome_is_given_nearly_exactly_or_noised_as_the_plan_is(generator):
    batch = make_batch(400)
    task = make_outcome_task(outcome_known_share=0.25, outcome_noise=0.1, condition_dropout=0.0, kind_dropout=0.0)
    example = task.example(batch, generator, denoising_step=torch.full((400,), 19))
    last, mask = example.inputs["trajectory"][:, -1], example.inputs["observation_mask"]
    is_known = mask[:, -1] == OBSERVED
    assert (mask[:, HISTORY:-1] == FUTURE).all()
    assert is_known.float().mean().item() == pytest.approx(0.25, abs=0.06)
    error = last - batch["trajectory"][:, -1]
    assert error[is_known].std().item() == pytest.approx(0.1, rel=0.15)
    assert error[~is_known].std().item() > 1.0
    assert not example.inputs["condition_present"][is_known].any()
    assert example.inputs["condition_present"][~is_known].all()


def test_a_given_outcome_does_not_count_and_another_one_as_much_as_is_set(generator):
    batch = make_batch(64)
    task = make_outcome_task(outcome_known_share=0.5, outcome_weight=6.0, first_states=0)
    example = task.example(batch, generator)
    is_known = example.inputs["observation_mask"][:, -1] == OBSERVED
    off = torch.zeros_like(example.target)
    off[:, -1] = 1.0
    loss = task.loss(lambda **_: example.target + off, example)
    assert loss.item() == pytest.approx((~is_known).float().mean().item() * 6.0 / (6.0 + PLAN - 1), rel=1e-5)


def test_the_length_of_the_history_is_drawn_with_the_given_odds_and_ends_at_the_current_state(generator):
    mask = make_task().observation_mask(torch.full((4000,), HISTORY), generator)
    lengths = (mask == OBSERVED).sum(dim=1)
    assert set(lengths.tolist()) == {2, 3}
    assert (lengths == 2).float().mean().item() == pytest.approx(0.75, abs=0.03)
    assert (mask[:, HISTORY - 1] == OBSERVED).all()
    assert (mask[:, :HISTORY].diff(dim=1) >= 0).all()  # missing first, then observed
    assert (mask[:, HISTORY:] == FUTURE).all()


def test_the_history_is_never_longer_than_the_episode(generator):
    mask = make_task().observation_mask(torch.tensor([1, 2, 4] * 100), generator)
    lengths = (mask == OBSERVED).sum(dim=1).reshape(100, 3)
    assert lengths.amax(dim=0).tolist() == [1, 2, 3]


def test_every_subset_of_kinds_is_trained_with_its_odds(generator):
    present = make_task(condition_dropout=0.25, kind_dropout=0.2).condition_present(20_000, generator)
    one = 0.75 * 0.8 * 0.2
    subsets = {(1.0, 1.0): 0.75 * 0.8**2, (1.0, 0.0): one, (0.0, 1.0): one, (0.0, 0.0): 0.25 + 0.75 * 0.2**2}
    for subset, odds in subsets.items():
        share = (present == torch.tensor(subset)).all(dim=1).float().mean().item()
        assert share == pytest.approx(odds, abs=0.015), subset


def test_without_dropout_every_kind_is_shown(generator):
    present = make_task(condition_dropout=0.0, kind_dropout=0.0).condition_present(100, generator)
    assert (present == 1.0).all()


def answering(prediction: torch.Tensor) -> torch.nn.Module:
    class Answer(torch.nn.Module):
        def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
            return prediction

    return Answer()


def test_observed_and_missing_rows_never_enter_the_loss(generator):
    task = make_task()
    example = task.example(make_batch(5), generator)
    prediction = example.target.clone()
    prediction[:, :HISTORY] += 100.0
    assert task.loss(answering(prediction), example).item() == 0.0


def test_the_first_planned_states_weigh_more(generator):
    task = make_task()
    example = task.example(make_batch(5), generator)

    def loss_of_an_error_in(row: int) -> float:
        prediction = example.target.clone()
        prediction[:, row] += 1.0
        return task.loss(answering(prediction), example).item()

    total = 2 * 3.0 + 6 * 1.0
    assert loss_of_an_error_in(HISTORY + 1) == pytest.approx(3.0 / total, rel=1e-4)
    assert loss_of_an_error_in(HISTORY + 2) == pytest.approx(1.0 / total, rel=1e-4)
    everywhere = task.loss(answering(example.target + 1.0), example).item()
    assert everywhere == pytest.approx(1.0, rel=1e-4)


def test_emphasised_levels_are_drawn_more_often_by_their_share(generator):
    steps = make_task(emphasised_steps=(19, 9), emphasis=0.6).random_steps(20_000, generator)
    for step in (19, 9):
        assert (steps == step).float().mean() == pytest.approx(0.3 + 0.4 / 20, abs=0.02)
    assert (steps == 3).float().mean() == pytest.approx(0.4 / 20, abs=0.01)


def test_without_emphasis_every_level_is_drawn_equally_often(generator):
    counts = torch.bincount(make_task().random_steps(20_000, generator), minlength=20)
    assert counts.min() > 800
    assert counts.max() < 1200


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"emphasised_steps": (20,)}, "expected `emphasised_steps` from 0 to 19"),
        ({"emphasis": 0.5}, "expected `emphasis` in .0, 1., 0 without emphasised_steps"),
    ],
)
def test_levels_that_are_not_there_can_not_be_emphasised(changes, message):
    with pytest.raises(ConfigurationError, match=message):
        make_task(**changes)
