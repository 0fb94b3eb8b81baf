"""Images, compose file and Kubernetes objects: valid by their own tools, safe by default, true to the service."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from service.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
IMAGES = sorted(DEPLOY.glob("Dockerfile*"))
SERVING = [path for path in IMAGES if path.suffix != ".export"]
KUBERNETES = {path.name: list(yaml.safe_load_all(path.read_text())) for path in (DEPLOY / "kubernetes").glob("*.yaml")}
OBJECTS = {one["kind"]: one for one in KUBERNETES["gatescope.yaml"]}


def settings_named(text: str) -> set[str]:
    """The settings that a file sets: `GATESCOPE_<NAME>`."""
    return {name.lower() for name in re.findall(r"GATESCOPE_([A-Z_]+)\b", text)}


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_an_image_is_linted_and_runs_as_nobody_special(path: Path) -> None:
    linter = shutil.which("hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert linter, "hadolint comes with the dev extra"
    subprocess.run([linter, str(path)], check=True)
    last = path.read_text().rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.M)


@pytest.mark.parametrize("path", SERVING, ids=lambda path: path.name)
def test_a_serving_image_stops_and_is_watched(path: Path) -> None:
    text = path.read_text()
    assert "STOPSIGNAL SIGTERM" in text
    assert "HEALTHCHECK" in text and "/health/live" in text
    assert set(re.findall(r'"\.\[(.+?)\]"', text)) <= {"cpu", "gpu"}


@pytest.mark.parametrize("path", IMAGES, ids=lambda path: path.name)
def test_an_image_copies_what_there_is_and_sets_what_exists(path: Path) -> None:
    sources = [
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", path.read_text(), re.M) for name in line.split()
    ]
    assert sources and all((ROOT / name).exists() for name in sources)
    kept = (ROOT / ".dockerignore").read_text()
    assert all(f"!{name}" in kept for name in sources)
    assert settings_named(path.read_text()) - {"cache"} <= Settings.model_fields.keys()


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_compose_accepts_its_file(profile: str) -> None:
    found = importlib.util.find_spec("compose")
    if found is None or found.submodule_search_locations is None:
        pytest.skip("docker compose as a package is for x86-64 only")
    program = Path(found.submodule_search_locations[0]) / "docker-compose"
    command = [str(program), "--file", str(ROOT / "docker-compose.yml"), "--profile", profile, "config", "--services"]
    services = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert {"export", "prometheus", "grafana"} < set(services)
    assert {"cpu": "gatescope", "gpu": "gatescope-gpu"}[profile] in services


def test_compose_mounts_what_there_is() -> None:
    content = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    mounts = [mount for service in content["services"].values() for mount in service.get("volumes", [])]
    folders = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert folders and all((ROOT / folder).is_dir() for folder in folders)
    service = content["services"]["gatescope"]
    assert service["read_only"] and service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("name", ["gatescope.yaml", "export.yaml"])
def test_kubernetes_objects_fit_their_schemas(name: str) -> None:
    command = [sys.executable, "-m", "kubernetes_validate", "--strict", "-k", "1.33", str(DEPLOY / "kubernetes" / name)]
    subprocess.run(command, check=True)


def test_the_operators_objects_have_the_rules_that_are_tested() -> None:
    objects = {one["kind"]: one for one in KUBERNETES["monitoring.yaml"]}
    tested = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())
    assert objects["PrometheusRule"]["spec"] == tested
    monitored = objects["ServiceMonitor"]["spec"]
    assert monitored["selector"]["matchLabels"].items() <= OBJECTS["Service"]["metadata"]["labels"].items()
    assert monitored["endpoints"][0]["port"] == OBJECTS["Service"]["spec"]["ports"][0]["name"]


def test_probes_match_what_draining_does() -> None:
    pod = OBJECTS["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    given = {one["name"].removeprefix("GATESCOPE_").lower(): one["value"] for one in container["env"]}
    assert given.keys() <= Settings.model_fields.keys()
    setting = {name: float(value) for name, value in given.items() if value != "true"}
    probe = container["readinessProbe"]
    assert setting["drain_delay"] > probe["periodSeconds"] * probe["failureThreshold"]
    assert pod["terminationGracePeriodSeconds"] > setting["drain_delay"] + setting["drain_seconds"]


def test_a_pod_is_restricted_and_writes_nowhere_but_tmp() -> None:
    pod = OBJECTS["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")] == ["/tmp"]


def test_the_pods_tmp_holds_what_streams_may_spool() -> None:
    volumes = {volume["name"]: volume for volume in OBJECTS["Deployment"]["spec"]["template"]["spec"]["volumes"]}
    limit = volumes["tmp"]["emptyDir"]["sizeLimit"]
    defaults = Settings()
    assert int(limit.removesuffix("Gi")) * 2**30 > defaults.max_streams * defaults.max_spool_bytes


def test_the_autoscaler_reads_a_metric_that_the_service_has() -> None:
    (metric,) = OBJECTS["HorizontalPodAutoscaler"]["spec"]["metrics"]
    rules = (DEPLOY / "prometheus" / "rules.yml").read_text()
    assert metric["pods"]["metric"]["name"] in rules
