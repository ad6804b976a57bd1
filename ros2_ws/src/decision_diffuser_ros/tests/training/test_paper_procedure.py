"""The paper's procedure, which ours is compared with: its networks' sizes and its work."""

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from decision_diffuser_ros.training import paper_procedure as paper  # noqa: E402
from decision_diffuser_ros.training.temporal_unet import TemporalUNet  # noqa: E402

SMALL = dataclasses.replace(
    paper.OUR_NETWORK, network={"width": 8, "multipliers": (1, 2), "embedding_dim": 8, "history_width": 0}
)
STEPS = 4
QUADRUPED = {"state_dim": 30, "action_dim": 12, "kind_sizes": (3, 1)}


@pytest.fixture
def few_steps(monkeypatch) -> None:
    assert paper.DENOISING_STEPS == 100
    monkeypatch.setattr(paper, "DENOISING_STEPS", STEPS)


def test_every_denoising_step_takes_two_passes_of_one_row_each(few_steps, monkeypatch) -> None:
    batches = []
    forward = TemporalUNet.forward
    monkeypatch.setattr(
        TemporalUNet, "forward", lambda self, *inputs: (batches.append(len(inputs[0])), forward(self, *inputs))[1]
    )
    timing = paper.time_paper_procedure(SMALL, **QUADRUPED, plans=2, threads=1)
    assert batches == [1] * 2 * (1 + 2 * STEPS)  # a step to warm up, and two plans
    assert len(timing.seconds) == 2
    assert min(timing.seconds) > 0.0


def test_the_threads_of_torch_are_given_back(few_steps) -> None:
    before = torch.get_num_threads()
    paper.time_paper_procedure(SMALL, **QUADRUPED, plans=1, threads=2)
    assert torch.get_num_threads() == before


def test_the_papers_network_has_sixty_million_parameters_and_a_horizon_of_56() -> None:
    planner = paper.PAPER_NETWORK
    with torch.device("meta"):
        network = TemporalUNet(30, (3,), history=planner.history, plan_steps=planner.plan_steps, **planner.network)
    assert planner.history + planner.plan_steps == 56
    assert 59e6 < sum(each.numel() for each in network.parameters()) < 62e6


def test_our_network_has_two_million_parameters() -> None:
    with torch.device("meta"):
        network = TemporalUNet(30, (3, 1))
    assert 1.9e6 < sum(each.numel() for each in network.parameters()) < 2.2e6
