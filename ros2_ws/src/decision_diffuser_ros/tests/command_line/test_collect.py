"""`decision-diffuser collect` with a learner: both options or none, and a data set that says who drove."""

import pytest

from decision_diffuser_ros.command_line import main
from decision_diffuser_ros.data.demonstrations import read_metadata
from tests.bundles import make_quadruped_bundle

COLLECT = ("collect", "quadruped_gaits", "--episodes", "1", "--processes", "1")


def run(*arguments: str) -> int:
    return main.run(arguments, application=main.build_application())


def refusal(capsys, *arguments: str) -> str:
    """The one line with which the command refuses."""
    assert run(*arguments) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("decision-diffuser: ")
    assert complaint.count("\n") == 1
    return complaint


@pytest.mark.parametrize("options", [("--learner", "quadruped_gaits"), ("--learner-share", "0.5")])
def test_a_learner_without_its_share_or_a_share_without_its_learner_is_refused(options, tmp_path, capsys):
    complaint = refusal(capsys, *COLLECT, "--output", str(tmp_path), *options)
    assert "--learner and --learner-share are given together" in complaint


@pytest.mark.parametrize("delay", ["0.003", "0.0003", "0.02"])
def test_a_delay_that_no_demonstration_can_have_is_refused(delay, tmp_path, capsys):
    complaint = refusal(capsys, *COLLECT, "--output", str(tmp_path / "out"), "--command-delay", delay)
    assert f"the delay of a command must be a multiple of 0.002 s below 0.02 s. Got {delay} s" in complaint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("share", ["0", "1.5"])
def test_a_share_out_of_range_is_refused(share, tmp_path, capsys, quadruped_bundle):
    learner = ("--learner", str(quadruped_bundle), "--learner-share", share)
    assert share in refusal(capsys, *COLLECT, "--output", str(tmp_path), *learner)


def test_a_bundle_that_does_not_fit_the_robot_is_refused(tmp_path, capsys, tiny_bundle):
    options = ("--output", str(tmp_path / "out"), "--learner", str(tiny_bundle), "--learner-share", "0.5")
    assert "the learner 'tiny' does not fit 'quadruped_gaits'" in refusal(capsys, *COLLECT, *options)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_data_set_names_its_learner_and_goes_on_with_no_other(tmp_path, capsys, quadruped_bundle):
    begun = (*COLLECT, "--output", str(tmp_path / "out"))
    learner = ("--learner", str(quadruped_bundle), "--learner-share")
    assert run(*begun, *learner, "0.5") == 0
    attributes = read_metadata(tmp_path / "out")["attributes"]
    assert attributes["learner"]["name"] == "quadruped_gaits"
    assert attributes["learner"]["share"] == 0.5
    assert run(*begun, *learner, "0.5") == 0
    capsys.readouterr()
    assert "`attributes/learner/share` 0.5, not 0.25" in refusal(capsys, *begun, *learner, "0.25")
    other = make_quadruped_bundle(tmp_path / "other", condition_effect=0.03)
    assert "`attributes/learner/sha256/denoiser.onnx`" in refusal(
        capsys, *begun, "--learner", str(other), "--learner-share", "0.5"
    )
    assert "`attributes/learner`" in refusal(capsys, *begun)
