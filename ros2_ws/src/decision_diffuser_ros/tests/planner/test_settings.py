"""Sampling settings refuse values that cannot be meant."""

import dataclasses

import pytest
import yaml

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.planner.settings import SamplingSettings
from decision_diffuser_ros.resources import config_file

REFUSED = [
    ({"sampler": "euler"}, "`sampler` must be one of ddim, ddpm, got 'euler'"),
    ({"denoising_steps": 0}, "`denoising_steps` must be at least 1, got 0"),
    ({"step_spacing": "random"}, "`step_spacing` must be one of trailing, leading, quadratic, got 'random'"),
    ({"guidance_weight": float("nan")}, "`guidance_weight` must be a finite number, got nan"),
    ({"unguided_levels": -1}, "`unguided_levels` must be at least 0, got -1"),
    ({"temperature": 1.5}, r"`temperature` must be in \[0, 1\], got 1.5"),
    ({"temperature": float("nan")}, r"`temperature` must be in \[0, 1\], got nan"),
    ({"eta": -0.1}, r"`eta` must be in \[0, 1\], got -0.1"),
    ({"history": 0}, "`history` must be at least 1, got 0"),
    ({"denoising_steps": 5, "warm_start_steps": 6}, r"must be None or 1 to denoising_steps \(5\), got 6"),
    ({"warm_start_steps": 0}, "`warm_start_steps` must be None or 1 to denoising_steps"),
    ({"clean_limit": 0.0}, "`clean_limit` must be None or above 0, got 0.0"),
    ({"candidates": 0}, "`candidates` must be 1 to 64, got 0"),
    ({"branch_margin": -1.0}, "`branch_margin` must be at least 0, got -1.0"),
    ({"branch_margin": float("nan")}, "`branch_margin` must be at least 0, got nan"),
    ({"negation_weight": -1.0}, "`negation_weight` must be a finite number of at least 0, got -1.0"),
    ({"outcome_steps": 0}, "`outcome_steps` must be at least 1, got 0"),
]


@pytest.mark.parametrize("values, message", REFUSED)
def test_settings_are_refused(values: dict, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        SamplingSettings(**values)


def test_settings_beyond_the_model_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="must be at most 100, the model's schedule, got 101"):
        SamplingSettings(denoising_steps=101).check_against(denoising_steps=100, history=8)
    with pytest.raises(ConfigurationError, match="`unguided_levels` must be at most 99, .* got 100"):
        SamplingSettings(unguided_levels=100).check_against(denoising_steps=100, history=8)
    with pytest.raises(ConfigurationError, match="must be at most 8, the model's history, got 9"):
        SamplingSettings(history=9).check_against(denoising_steps=100, history=8)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"unguided_levels": 1, "step_spacing": "leading"}, "at most 0, .* got 1; set 0, or `step_spacing` trailing"),
        ({"unguided_levels": 10, "warm_start_steps": 3}, "at most 9, .* got 10; set 0, or no `warm_start_steps`"),
        ({"unguided_levels": 15, "warm_start_steps": 10}, "at most 9, .* got 15"),
        ({"unguided_levels": 1, "warm_start_steps": 3, "step_spacing": "quadratic"}, "at most 0, .* got 1"),
        ({"unguided_levels": 1, "warm_start_steps": 3, "step_spacing": "leading"}, "at most 0, .* got 1"),
    ],
)
def test_settings_that_leave_a_plan_without_any_guidance_are_refused(values: dict, message: str) -> None:
    settings = SamplingSettings(denoising_steps=10, **values)
    with pytest.raises(ConfigurationError, match=f"`unguided_levels` must be {message}"):
        settings.check_against(denoising_steps=100, history=8)


@pytest.mark.parametrize(
    "values",
    [
        {"unguided_levels": 99},
        {"unguided_levels": 99, "step_spacing": "quadratic"},
        {"unguided_levels": 9, "warm_start_steps": 3},
        {"unguided_levels": 0, "warm_start_steps": 3, "step_spacing": "leading"},
    ],
)
def test_settings_whose_noisiest_level_is_guided_are_accepted_with_all_steps_and_with_one(values: dict) -> None:
    for steps in (10, 3):
        SamplingSettings(denoising_steps=steps, **values).check_against(denoising_steps=100, history=8)


def test_the_shipped_circles_are_accepted() -> None:
    configuration = yaml.safe_load(config_file("training_circles").read_text(encoding="utf-8"))
    settings = SamplingSettings(**configuration["sampling"])
    assert (settings.denoising_steps, settings.unguided_levels, settings.warm_start_steps) == (40, 15, None)
    settings.check_against(denoising_steps=configuration["diffusion"]["denoising_steps"], history=1)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SamplingSettings().temperature = 0.1  # type: ignore[misc]
