"""A training configuration that cannot be meant is refused, with what is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.training.configuration import TrainingConfiguration

SHIPPED = Path(__file__).parents[2] / "config" / "training_quadruped_gaits.yaml"


def configuration(**sections) -> TrainingConfiguration:
    return TrainingConfiguration.from_json(sections, where="test")


def test_the_shipped_configuration_is_valid():
    shipped = TrainingConfiguration.from_yaml(SHIPPED)
    assert (shipped.data.history, shipped.data.plan_steps) == (8, 24)
    assert "skill" in shipped.data.conditions


def test_a_configuration_survives_json():
    shipped = TrainingConfiguration.from_yaml(SHIPPED)
    assert TrainingConfiguration.from_json(shipped.to_json(), where="test") == shipped


@pytest.mark.parametrize(
    "sections, message",
    [
        ({"networks": {}}, "unknown key 'networks'; accepted: .*network"),
        ({"network": {"widht": 32}}, "network: unknown key 'widht'; accepted: .*width"),
        ({"network": {"width": "32"}}, "network: width: expected integer, got string '32'"),
        ({"network": {"width": 30}}, "expected `width` a multiple of 8, got 30"),
        ({"network": {"architecture": "mlp"}}, "expected `architecture` temporal_unet or window_mlp or .*, got 'mlp'"),
        ({"network": {"kernel_size": 4}}, "expected `kernel_size` odd, got 4"),
        ({"diffusion": {"prediction": "v"}}, "expected `prediction` x0 or noise, got 'v'"),
        ({"diffusion": {"history_length_weights": [1.0, 1.0]}}, "of length 8 as `history`"),
        ({"diffusion": {"ema_decay": 1.0}}, r"expected `ema_decay` in \[0, 1\), got 1.0"),
        ({"data": {"plan_steps": 23}}, "expected `history \\+ planned slots` a multiple of 4, got 31"),
        ({"data": {"conditions": []}}, "expected `conditions` names of kinds, each once"),
        ({"data": {"conditions": ["skill", "skill"]}}, "expected `conditions` names of kinds, each once"),
        ({"optimisation": {"training_steps": 0}}, "expected `training_steps` at least 1, got 0"),
        ({"sampling": {"history": 9}}, "`history` must be at most 8"),
    ],
)
def test_what_cannot_be_meant_is_refused(sections, message):
    with pytest.raises(ConfigurationError, match=message):
        configuration(**sections)


def test_training_steps_can_be_given_apart():
    changed = configuration().with_training_steps(7, None)
    assert changed.optimisation.training_steps == 7
    assert changed.inverse_dynamics_optimisation == configuration().inverse_dynamics_optimisation
    assert configuration().with_training_steps(None, 9).inverse_dynamics_optimisation.training_steps == 9
