"""Episodes of expressions: each is run once, whichever questions it answers."""

from dataclasses import replace

from decision_diffuser_ros.evaluation import expression_workers
from decision_diffuser_ros.evaluation.deployment import EvaluatedModel
from decision_diffuser_ros.evaluation.expression_rollout import ExpressionTask
from decision_diffuser_ros.evaluation.expression_workers import ExpressionJob, run_groups
from tests.evaluation.test_gait_shares import rollout


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
