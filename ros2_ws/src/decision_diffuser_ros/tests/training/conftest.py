"""A trained toy planner, for all tests of what it teaches."""

import pytest

from decision_diffuser_ros.training.fitting import Machine
from decision_diffuser_ros.training.training_run import train
from tests.training.toy import TEACHER, write_toy_data


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory):
    """Directory of the toy's demonstrations."""
    return write_toy_data(tmp_path_factory.mktemp("data") / "toy-v0")


@pytest.fixture(scope="session")
def teacher_directory(toy_data, tmp_path_factory):
    """Directory of a training that has ended; nobody writes there."""
    directory = tmp_path_factory.mktemp("teacher")
    machine = Machine(progress=False)
    train(toy_data, directory, configuration=TEACHER, seed=1, machine=machine, provenance={"command": "train toy"})
    return directory
