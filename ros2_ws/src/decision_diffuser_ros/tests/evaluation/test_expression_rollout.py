"""A classifier that does not tell what the experiments count is refused."""

import dataclasses

import pytest

from decision_diffuser_ros.errors import BundleError
from decision_diffuser_ros.evaluation.expression_rollout import check_classifier
from decision_diffuser_ros.evaluation.gait_classifier import GRAPH_FILE, GaitClassifier
from decision_diffuser_ros.resources import share_directory


@pytest.fixture(scope="module")
def shipped() -> GaitClassifier:
    return GaitClassifier.load()


def changed(shipped: GaitClassifier, **changes: object) -> GaitClassifier:
    content = (share_directory() / "models" / "gait_classifier" / GRAPH_FILE).read_bytes()
    return GaitClassifier(dataclasses.replace(shipped.record, **changes), content)


def test_the_classifier_that_ships_is_accepted(shipped: GaitClassifier) -> None:
    assert check_classifier(shipped) is shipped


@pytest.mark.parametrize("gaits", [("pace", "trot", "bound"), ("trot", "pace", "gallop")])
def test_other_gaits_or_another_order_of_them_are_refused(shipped: GaitClassifier, gaits: tuple[str, ...]) -> None:
    with pytest.raises(BundleError, match=f"of trot, pace, bound, in this order; got {', '.join(gaits)}; train one"):
        check_classifier(changed(shipped, gaits=gaits))


def test_other_joint_states_are_refused(shipped: GaitClassifier) -> None:
    with pytest.raises(BundleError, match=r"takes FR_hip_joint/position, .* every 0.02 s; got FR_.* every 0.04 s"):
        check_classifier(changed(shipped, step_duration=0.04))
    with pytest.raises(BundleError, match="expected a gait classifier that takes"):
        check_classifier(changed(shipped, inputs=tuple(reversed(shipped.record.inputs))))
