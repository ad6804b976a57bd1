"""The head for outcomes: evidence in the noise by Bayes, and answers that name places."""

from __future__ import annotations

import pytest
import torch

from decision_diffuser_ros.training.outcome_head import LEVELS, NoisyOutcome, OutcomeHead

PLACES = torch.tensor([[0.5, 0.0], [0.5, 0.3], [0.4, -0.3]])
STD = torch.tensor([0.1, 0.2, 0.05]).repeat(3, 1)


def noisy_outcome(end: torch.Tensor, *, certainty: float, noise: float = 0.0) -> NoisyOutcome:
    """Three objects on the table, which end at `(3, 3)` [m]."""
    position = torch.cat([PLACES, torch.full((3, 1), 0.025)], dim=1)[None]
    generator = torch.Generator().manual_seed(0)
    change = certainty * (end[None] - position) / STD + noise * torch.randn(1, 3, 3, generator=generator)
    return NoisyOutcome(change, torch.full((1, 1, 1), certainty), position, STD)


@pytest.fixture
def head() -> OutcomeHead:
    torch.manual_seed(0)
    return OutcomeHead(16)


@pytest.fixture
def tower() -> torch.Tensor:
    """Object 0 on object 1, which stays; object 2 on both."""
    return torch.tensor([[0.5, 0.3, 0.075], [0.5, 0.3, 0.025], [0.5, 0.3, 0.125]])


def test_evidence_is_the_log_likelihood_ratio_of_the_noisy_change(tower):
    noisy = noisy_outcome(tower, certainty=1.5, noise=1.0)
    unit_noise = torch.distributions.Normal(0.0, 1.0)
    evidence = noisy.evidence_for_places(PLACES[None])
    for number in range(3):
        for place in range(3):
            way = (PLACES[place] - PLACES[number]) / STD[number, :2]
            seen = noisy.change[0, number, :2]
            ratio = unit_noise.log_prob(seen - 1.5 * way).sum() - unit_noise.log_prob(seen).sum()
            assert evidence[0, number, place].item() == pytest.approx(ratio.item(), abs=1e-4)
    assert (evidence[0].diagonal() == 0.0).all()


def test_with_little_noise_the_answer_is_the_place_whatever_the_tokens_say(head, tower):
    tokens = torch.randn(1, 3, 16, generator=torch.Generator().manual_seed(1))
    answer = head(tokens, noisy_outcome(tower, certainty=10.0))
    torch.testing.assert_close(answer[0], tower, atol=0.005, rtol=0.0)


def test_with_nothing_but_noise_the_answer_does_not_depend_on_it(head, tower):
    tokens = torch.randn(1, 3, 16, generator=torch.Generator().manual_seed(1))
    answers = [head(tokens, noisy_outcome(tower, certainty=1e-6, noise=noise)) for noise in (0.0, 1.0)]
    torch.testing.assert_close(*(answer[..., :2] for answer in answers), atol=1e-4, rtol=0.0)


def test_the_estimate_goes_from_where_objects_are_to_where_they_end(tower):
    surely, hardly = noisy_outcome(tower, certainty=8.0), noisy_outcome(tower, certainty=1e-3)
    torch.testing.assert_close(surely.estimate()[0], tower, atol=0.002, rtol=0.0)
    aside = torch.tensor([[0.45, 0.12, 0.025], [0.5, 0.3, 0.025], [0.4, -0.3, 0.025]])  # to where no object is
    torch.testing.assert_close(noisy_outcome(aside, certainty=8.0).estimate()[0], aside, atol=0.004, rtol=0.0)
    blurred = hardly.estimate()[0]
    assert (blurred - blurred[:1]).abs().max() < 0.35
    assert blurred[:, 2] == pytest.approx(0.1, abs=0.01)


def test_levels_are_told_apart_as_soon_as_the_noise_allows(tower):
    surely = noisy_outcome(tower, certainty=4.0).evidence_for_levels()
    assert surely.shape == (1, 3, LEVELS)
    assert surely.argmax(dim=-1).tolist() == [[1, 0, 2]]
    assert surely.softmax(dim=-1).amax(dim=-1).min() > 0.99
    hardly = noisy_outcome(tower, certainty=0.1).evidence_for_levels().softmax(dim=-1)
    assert hardly.max() - hardly.min() < 0.1
