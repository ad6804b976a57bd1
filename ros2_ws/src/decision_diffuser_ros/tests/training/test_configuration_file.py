"""A configuration file that cannot be read, or says what is not known, is refused by name."""

from __future__ import annotations

import dataclasses

import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.training.behaviour_cloning import CloningConfiguration
from decision_diffuser_ros.training.configuration import TrainingConfiguration
from decision_diffuser_ros.training.gait_classifier import GaitClassifierConfiguration

EVERY_CONFIGURATION = pytest.mark.parametrize(
    "record_type, what",
    [
        (TrainingConfiguration, "training"),
        (CloningConfiguration, "cloning"),
        (GaitClassifierConfiguration, "classifier"),
    ],
)


@EVERY_CONFIGURATION
def test_a_file_says_how_long_to_train_and_the_caller_may_say_otherwise(tmp_path, record_type, what):
    (tmp_path / "given.yaml").write_text("optimisation: {training_steps: 3}\n", encoding="utf-8")
    read = record_type.from_yaml(tmp_path / "given.yaml")
    assert read.optimisation.training_steps == 3
    assert read.with_training_steps(None) == read
    assert read.with_training_steps(9).optimisation.training_steps == 9


@EVERY_CONFIGURATION
def test_what_a_file_leaves_out_keeps_the_default_of_that_configuration(tmp_path, record_type, what):
    (tmp_path / "given.yaml").write_text("optimisation: {warm_up_steps: 3}\n", encoding="utf-8")
    default = record_type()
    optimisation = dataclasses.replace(default.optimisation, warm_up_steps=3)
    given = dataclasses.replace(default, optimisation=optimisation)
    assert record_type.from_yaml(tmp_path / "given.yaml") == given


@EVERY_CONFIGURATION
@pytest.mark.parametrize("content", [b"data: [", b"# \xe9", None])
def test_a_file_that_is_no_yaml_is_refused(tmp_path, record_type, what, content):
    if content is not None:
        (tmp_path / "given.yaml").write_bytes(content)
    with pytest.raises(ConfigurationError, match=f"^{what} configuration '.*given.yaml' cannot be read: "):
        record_type.from_yaml(tmp_path / "given.yaml")


@EVERY_CONFIGURATION
def test_an_unknown_key_is_refused_with_its_place(tmp_path, record_type, what):
    (tmp_path / "given.yaml").write_text("optimisation: {steps: 3}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="given.yaml: optimisation: unknown key 'steps'; accepted: batch_size"):
        record_type.from_yaml(tmp_path / "given.yaml")
