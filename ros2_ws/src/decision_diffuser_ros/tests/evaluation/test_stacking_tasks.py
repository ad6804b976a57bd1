"""Tasks ask for what can be built and is not there yet, the same for the same seed."""

import numpy as np
import pytest

from decision_diffuser_ros.errors import ConfigurationError
from decision_diffuser_ros.evaluation.stacking_tasks import TASKS, Request, draw_request, nearest_goal, task_named
from decision_diffuser_ros.planner.piles import TABLE, moves_between
from decision_diffuser_ros.simulation.block_arrangement import all_arrangements, from_piles
from decision_diffuser_ros.simulation.block_constraints import CONSTRAINT_NAMES, constraint_index


def starts(task, count=40, seed=3):
    random = np.random.default_rng(seed)
    return random, [task.start.draw_arrangement(random) for _ in range(count)]


@pytest.mark.parametrize("name", TASKS)
def test_requests_are_possible_and_not_yet_fulfilled(name):
    task = task_named(name)
    random, arrangements = starts(task)
    for start in arrangements:
        request = draw_request(task, random, start)
        assert not request.holds_in(start)
        assert any(request.holds_in(goal) for goal in all_arrangements())


def test_the_same_seed_asks_for_the_same():
    task = task_named("multi_rearrangement")
    drawn = [
        [str(draw_request(task, random, start)) for start in some] for random, some in (starts(task), starts(task))
    ]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 10


def test_stacking_starts_flat_and_rearrangement_with_piles():
    for name in ("single_stacking", "multi_stacking"):
        assert all(set(start) == {TABLE} for start in starts(task_named(name))[1])
    for name in ("single_rearrangement", "multi_rearrangement"):
        assert all(set(start) != {TABLE} for start in starts(task_named(name))[1])


def test_several_constraints_are_a_chain_of_three_blocks():
    random, (start, *_) = starts(task_named("multi_stacking"))
    request = draw_request(TASKS["multi_stacking"], random, start)
    upper, lower = (CONSTRAINT_NAMES[index].split(" > ") for index in request.asked)
    assert upper[1] == lower[0]
    assert upper[0] != lower[1]


def test_not_refuses_the_opposite_of_what_it_asks():
    random, (start, *_) = starts(task_named("not"))
    request = draw_request(TASKS["not"], random, start)
    (asked,), (refused,) = request.asked, request.refused
    assert CONSTRAINT_NAMES[asked].split(" > ") == CONSTRAINT_NAMES[refused].split(" > ")[::-1]
    ((positive, negative),) = request.branches(0.7)
    assert positive.values == {"constraint": CONSTRAINT_NAMES[asked]}
    assert positive.weight == 1.0
    assert negative.values == {"constraint": CONSTRAINT_NAMES[refused]}
    assert negative.weight == -0.7
    assert str(request) == f"{CONSTRAINT_NAMES[asked]} & !({CONSTRAINT_NAMES[refused]})"


def test_the_expert_is_told_a_nearest_goal():
    request = Request((constraint_index("red > blue"), constraint_index("blue > green")))
    start = from_piles([[2, 0], [1], [3]])  # red on blue
    goal = nearest_goal(request, np.random.default_rng(0), start)
    assert request.holds_in(goal)
    others = [moves_between(start, other) for other in all_arrangements() if request.holds_in(other)]
    assert moves_between(start, goal) == min(others) == 3


def test_a_request_does_not_hold_where_something_refused_does():
    request = Request((constraint_index("red > blue"),), (constraint_index("green > yellow"),))
    assert request.holds_in(from_piles([[2, 0], [1], [3]]))
    assert not request.holds_in(from_piles([[2, 0], [3, 1]]))


def test_a_tower_fulfils_what_it_holds_and_nothing_that_refuses_it():
    tower = from_piles([[2, 1, 0], [3]])  # red on green on blue
    above, below = constraint_index("red > blue"), constraint_index("blue > red")
    assert Request((above, constraint_index("green > blue")), (below,)).holds_in(tower)
    assert not Request((above, below)).holds_in(tower)
    assert not Request((), (above,)).holds_in(tower)


def test_not_alone_refuses_what_holds_at_the_start():
    random, arrangements = starts(task_named("not_alone"), count=10)
    for start in arrangements:
        request = draw_request(TASKS["not_alone"], random, start)
        assert request.asked == ()
        assert Request(request.refused).holds_in(start)
        ((avoided,),) = request.branches(1.0)
        assert avoided.weight == -1.0


def test_or_asks_for_either_of_two():
    random, arrangements = starts(task_named("or"), count=10)
    for start in arrangements:
        request = draw_request(TASKS["or"], random, start)
        one, other = request.alternatives
        assert str(request) == f"{one} | {other}"
        assert [branch[0].values["constraint"] for branch in request.branches(1.0)] == [str(one), str(other)]
        goals = [goal for goal in all_arrangements() if request.holds_in(goal)]
        assert {(one.holds_in(goal), other.holds_in(goal)) for goal in goals} >= {(True, False), (False, True)}


def test_an_unknown_task_lists_the_known_ones():
    with pytest.raises(ConfigurationError, match="task 'juggling' is not known; available: single_stacking, "):
        task_named("juggling")
