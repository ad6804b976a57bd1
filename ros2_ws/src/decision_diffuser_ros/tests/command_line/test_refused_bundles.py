"""Commands that run nodes: a bundle that cannot be used is refused before one is started."""

import pytest

from tests.bundles import rewrite_manifest
from tests.command_line.refusals import refusal

pytest.importorskip("rclpy", reason="needs ROS 2")
pytest.importorskip("decision_diffuser_msgs", reason="needs the workspace built and sourced")
pytest.importorskip("pybullet", reason="needs PyBullet")

COMMANDS = [("demo", "quadruped_gaits", "--no-video"), ("demo", "block_stacking", "--no-video"), ("faults",), ("soak",)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command[:2]))
def test_a_bundle_that_is_not_there_or_whose_manifest_is_damaged_is_refused(command, tiny_bundle, tmp_path, capsys):
    output = tmp_path / "out"
    assert "model 'WRONG' is not shipped" in refusal(capsys, output, *command, "--bundle", "WRONG")
    nowhere = str(tmp_path / "nowhere")
    assert f"'{nowhere}' is not a model bundle" in refusal(capsys, output, *command, "--bundle", nowhere)
    rewrite_manifest(tiny_bundle, lambda manifest: manifest.pop("state"))
    assert "key 'state'" in refusal(capsys, output, *command, "--bundle", str(tiny_bundle))
