"""Manifests against the documented schema of a JobSet, and what they say about the run."""

import pathlib

import jsonschema
import pytest
import yaml

from affect_jax.experiment.cluster import jobset
from affect_jax.experiment.cluster.job import Job
from affect_jax.experiment.config.errors import UsageError

TEMPLATES = pathlib.Path(__file__).parents[3] / "launch" / "cluster"
SCHEMA = yaml.safe_load(pathlib.Path(__file__).with_name("jobset_schema.yaml").read_text())
WORKDIR = pathlib.Path("/shared/runs/a")
ARGUMENTS = ("--config=configs/clips.py", "--config.frozen=x: {y} $(HOME)", f"--workdir={WORKDIR}")


def rendered(kind, nodes=1, labels=None):
    job = Job(ARGUMENTS, WORKDIR, nodes, devices=4)
    return yaml.safe_load(jobset.render(job, TEMPLATES / f"{kind}.yaml", "registry/image:1", "claim", labels))


def work_of(manifest):
    return manifest["spec"]["replicatedJobs"][0]["template"]["spec"]


def pod_of(manifest):
    return work_of(manifest)["template"]["spec"]


@pytest.mark.parametrize("kind", ["gpu", "tpu"])
@pytest.mark.parametrize("nodes", [1, 3])
def test_templates_and_manifests_follow_the_schema(kind, nodes):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(yaml.safe_load((TEMPLATES / f"{kind}.yaml").read_text()), SCHEMA)
    jsonschema.validate(rendered(kind, nodes), SCHEMA)


@pytest.mark.parametrize("damage", ["misspelled", "wrong action", "no name"])
def test_the_schema_refuses_what_is_none(damage):
    manifest = rendered("gpu")
    if damage == "misspelled":
        work_of(manifest)["completionmode"] = "Indexed"
    elif damage == "wrong action":
        work_of(manifest)["podFailurePolicy"]["rules"][0]["action"] = "Restart"
    else:
        del manifest["metadata"]["name"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(manifest, SCHEMA)


def test_one_machine_runs_the_command_alone():
    pod = pod_of(rendered("gpu"))
    (container,) = pod["containers"]
    assert container["command"] == ["python", "-m", "launch.train"]
    assert container["args"] == [ARGUMENTS[0], "--config.frozen=x: {y} $$(HOME)", ARGUMENTS[2]]  # $$ is a plain $
    assert container["image"] == "registry/image:1" and container["resources"]["limits"] == {"nvidia.com/gpu": 4}
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == "claim" and "initContainers" not in pod


def test_several_machines_find_process_0_by_the_name_that_jobset_gives_it():
    manifest = rendered("gpu", 3)
    work, pod = work_of(manifest), pod_of(manifest)
    name, replicated = manifest["metadata"]["name"], manifest["spec"]["replicatedJobs"][0]["name"]
    host = f"{name}-{replicated}-0-0.{name}"
    assert work["parallelism"] == work["completions"] == 3 and work["completionMode"] == "Indexed"
    assert pod["containers"][0]["args"][-3:] == [f"--coordinator={host}:12345", "--processes=3", "--process=$(PROCESS)"]
    assert any(variable["name"] == "PROCESS" for variable in pod["containers"][0]["env"])
    assert pod["initContainers"][0]["command"][-1] == host


def test_the_exit_codes_of_the_training_decide_what_follows():
    rules = work_of(rendered("tpu"))["podFailurePolicy"]["rules"]
    assert [(rule["action"], rule["onExitCodes"]["values"]) for rule in rules] == [
        ("FailJob", [2]),
        ("Ignore", [75, 143]),
    ]


def test_a_slice_of_tpus_is_chosen_by_its_labels():
    labels = {jobset.ACCELERATOR: "tpu-v5p-slice", jobset.TOPOLOGY: "2x2x4"}
    pod = pod_of(rendered("tpu", 4, labels))
    assert pod["nodeSelector"] == labels and pod["containers"][0]["resources"]["limits"] == {"google.com/tpu": 4}


@pytest.mark.parametrize("topology, devices, nodes", [("2x4", 4, 2), ("2x2x4", 4, 4), ("1x1", 1, 1), ("16x16", 4, 64)])
def test_the_number_of_machines_follows_from_the_slice(topology, devices, nodes):
    assert jobset.slice_nodes(topology, devices) == nodes


@pytest.mark.parametrize(
    "topology, message",
    [
        ("8", "--topology=8: expected the chips along each side of a slice, such as 2x4 or 2x2x4"),
        ("0x4", "--topology=0x4: expected the chips along each side"),
        ("1x3", r"--topology=1x3 has 3 chips, which machines of 4 \(--devices\) cannot share"),
    ],
)
def test_a_slice_that_does_not_exist_is_refused(topology, message):
    with pytest.raises(UsageError, match=message):
        jobset.slice_nodes(topology, 4)


def test_a_workdir_that_the_pods_would_not_see_is_refused():
    job = Job((), pathlib.Path("runs/a"), 1, 1)
    with pytest.raises(
        UsageError, match="--workdir=runs/a is not in /shared, where the pods have the volume of --claim=c"
    ):
        jobset.render(job, TEMPLATES / "gpu.yaml", "image", "c")
