"""Episodes of expressions: each is run once, whichever questions it answers."""

import pickle
from dataclasses import replace

import pytest

from decision_diffuser_ros.evaluation import expression_workers
from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
from decision_diffuser_ros.evaluation.expression_rollout import ExpressionTask
from decision_diffuser_ros.evaluation.expression_workers import ExpressionJob, run_groups
from decision_diffuser_ros.planner.expression_parser import ExpressionError, parse
from decision_diffuser_ros.planner.manifest import Manifest
from decision_diffuser_ros.resources import MANIFEST_NAME, model_directory
from tests.evaluation.test_gait_shares import rollout

GAITS = Manifest.read(model_directory("quadruped_gaits") / MANIFEST_NAME)


def test_an_error_in_an_expression_comes_back_whole_from_another_process():
    with pytest.raises(ExpressionError) as caught:
        parse("trot & galop", GAITS)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - what multiprocessing does
    assert (str(again), again.marked) == (str(caught.value), caught.value.marked)


def test_an_episode_that_two_groups_have_in_common_is_run_once(monkeypatch):
    ran, told = [], []

    def run_all(jobs, run, **means):
        ran.extend(jobs)
        return ((job, replace(rollout(("trot", 9)), task=job.task)) for job in reversed(jobs))

    monkeypatch.setattr(expression_workers, "outcomes_of", run_all)
    model = EvaluatedModel(bundle="nowhere")
    jobs = [ExpressionJob(task=ExpressionTask(seed=seed, expression="trot | pace"), model=model) for seed in (7, 3, 5)]
    found = run_groups(
        {"!bound": jobs[:2], "trot | pace": [replace(job) for job in jobs]},
        classifier=None,
        processes=1,
        progress=lambda done, total: told.append((done, total)),
    )
    assert {name: [each.task.seed for each in of] for name, of in found.items()} == {
        "!bound": [3, 7],
        "trot | pace": [3, 5, 7],
    }
    assert len(ran) == 3
    assert told == [(1, 3), (2, 3), (3, 3)]
