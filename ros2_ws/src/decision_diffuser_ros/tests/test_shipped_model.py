"""The model that ships: whole, small, with its provenance, and the README says of it what was measured."""

import json
from pathlib import Path

import numpy as np
import pytest

from decision_diffuser_ros.evaluation import quadruped_report
from decision_diffuser_ros.planner.bundle import Bundle
from decision_diffuser_ros.planner.conditions import Condition
from decision_diffuser_ros.planner.planner import Planner
from decision_diffuser_ros.resources import model_directory
from decision_diffuser_ros.simulation.quadruped_course import SKILLS
from decision_diffuser_ros.simulation.quadruped_model import JOINT_NAMES, STANDING_POSE

README = Path(__file__).parents[4] / "README.md"
LARGEST_BUNDLE = 20e6  # [bytes]


@pytest.fixture(scope="module")
def bundle():
    return Bundle.load(model_directory("quadruped_gaits"))


def test_its_manifest_tells_robot_skills_and_how_it_was_made(bundle):
    manifest = bundle.manifest
    assert manifest.joint_names == JOINT_NAMES
    assert manifest.names_of("skill") == SKILLS
    assert manifest.step_duration == 0.02
    text = json.dumps(manifest.provenance)
    for fact in ("collect quadruped_gaits", "train quadruped_gaits", "export", "seed", "commit"):
        assert fact in text


def test_it_is_under_20_megabytes():
    assert sum(file.stat().st_size for file in model_directory("quadruped_gaits").iterdir()) < LARGEST_BUNDLE


@pytest.mark.parametrize("skill", SKILLS)
def test_it_plans_every_gait_from_standing(bundle, skill):
    standing = np.concatenate([STANDING_POSE, np.zeros(12), [0, 0, -1], np.zeros(3)])
    condition = Condition({"skill": skill, "forward_speed": 0.6})
    plan = Planner(bundle).plan(standing[None], [condition], rng=np.random.default_rng(0))
    assert plan.states.shape == (24, 30)
    assert np.isfinite(plan.actions).all()
    assert np.abs(plan.actions - STANDING_POSE).max() > 0.1  # it lifts its feet
    gravity = plan.states[:, 24:27]
    np.testing.assert_allclose(np.linalg.norm(gravity, axis=1), 1.0, atol=0.1)


def test_the_readme_tables_are_the_scores_in_the_manifest(bundle):
    scores = bundle.manifest.scores
    text = README.read_text(encoding="utf-8")
    assert quadruped_report.markdown(scores) in text
