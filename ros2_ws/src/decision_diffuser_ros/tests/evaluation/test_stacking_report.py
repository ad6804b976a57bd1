"""The table of block stacking shows the scores as they are."""

import numpy as np

from decision_diffuser_ros.evaluation import stacking_report
from decision_diffuser_ros.evaluation.block_stacking import episode_seeds, scores_of, with_only_task_on_top
from decision_diffuser_ros.evaluation.stacking_rollout import StackingRollout
from decision_diffuser_ros.evaluation.stacking_tasks import Request
from decision_diffuser_ros.evaluation.stacking_trace import Failure


def rollout(*, steps=100, failure=None, credit=1.0):
    return StackingRollout(
        request=Request((0,)),
        steps=steps,
        is_success=failure is None,
        credit=credit,
        failure=failure,
        plan_seconds=np.array([0.05]),
    )


ROW = scores_of([rollout(), rollout(steps=120), rollout(steps=384, failure=Failure.DROPPED, credit=0.5), rollout()])
FLOOR = scores_of([rollout(failure=Failure.TOPPLED)])
SCORES = {
    "seed": 1,
    "driver": "planner",
    "tasks": {"single_stacking": ROW | {"expert": ROW, "behaviour_cloning": FLOOR}},
    "plan_ms_p50": 50.0,
    "plan_ms_p95": 61.0,
    "plan_ms_p99": 72.0,
    "processor": "a processor",
}


def test_scores_count_successes_and_failures_by_cause():
    assert ROW == {
        "episodes": 4,
        "success_strict": 0.75,
        "score_partial": 0.875,
        "steps_mean": 106.7,
        "failures": {"dropped": 1},
    }


def test_steps_are_those_of_successes():
    assert scores_of([rollout(steps=384, failure=Failure.TOPPLED)])["steps_mean"] is None


def test_the_table_has_a_row_for_everyone_who_drove():
    text = stacking_report.markdown(SCORES)
    assert "| single_stacking | planner | 4 | 75.0 | 58.0 | 87.5 | 107 | 1 dropped |" in text
    assert "|  | scripted expert | 4 | 75.0 |  | 87.5 | 107 | 1 dropped |" in text
    assert "|  | behaviour cloning | 1 | 0.0 |  | 100.0 | - | 1 toppled |" in text


def test_one_task_alone_stands_on_top_as_well():
    alone = with_only_task_on_top(SCORES)
    assert alone["task"] == "single_stacking"
    assert alone["success_strict"] == 0.75
    assert alone["tasks"] == SCORES["tasks"]
    two = SCORES | {"tasks": {"single_stacking": ROW, "not": ROW}}
    assert with_only_task_on_top(two) == two


def test_seeds_depend_on_the_task_and_not_on_how_many_there_are():
    assert episode_seeds("not", 5, 10)[:4] == episode_seeds("not", 5, 4)
    assert not set(episode_seeds("not", 5, 10)) & set(episode_seeds("single_stacking", 5, 10))
