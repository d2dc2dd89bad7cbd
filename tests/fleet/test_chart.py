"""deploy/helm/bellwether as Helm renders it, against the schemas of Kubernetes' API and what the chart promises."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
import pytest
import yaml

from benchmarks.fleet import scaler
from shared.contract.operation import metrics
from shared.settings import load_settings
from tests.fleet.chart import CHART, EXAMPLE, ROOT, Manifest, chosen, containers, helm, of_kind, pods, refusal, render

pytestmark = pytest.mark.fleet
FULL: Final = (
    "scoring.gpu.enabled=true", "api.tlsSecret=api-tls", "kafka.clientCertSecret.name=client",
    "redis.caSecret.name=redis-ca", 'image.pullSecrets=["registry"]', "priorityClassName=high",
    'podAnnotations={"a":"b"}', "alerts.secret=alert-secrets",
    "dashboard.login.proxyUserHeader=X-User", 'dashboard.login.proxies=["10.0.0.0/8"]',
    'networkPolicy.metricsFrom=[{"namespaceSelector":{"matchLabels":{"name":"monitoring"}}}]',
)  # fmt: skip
BARE: Final = (
    "archive.enabled=false", "ingest.enabled=false", "dashboard.enabled=false", "networkPolicy.enabled=false",
    "topics.enabled=false",
)  # fmt: skip
KINDS: Final = ("least", "example", "full", "bare")
OF_OPERATORS: Final = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}  # no schemas of Kubernetes' own


def objects(name: str) -> list[Manifest]:
    """The chart with one of four sets of values."""
    if name in ("least", "bare"):
        return render(*(BARE if name == "bare" else ()))
    return render(*(FULL if name == "full" else ()), values=(EXAMPLE,))


@pytest.mark.parametrize("version", ["1.27", "1.34", "1.37"])
@pytest.mark.parametrize("name", KINDS)
def test_every_object_is_one_of_the_api(name: str, version: str) -> None:
    checked = 0
    for each in objects(name):
        if each["kind"] not in OF_OPERATORS:
            kubernetes_validate.validate(each, version, strict=True)
            checked += 1
    assert checked >= 12


def test_the_examples_are_objects_too() -> None:
    for each in yaml.safe_load_all((CHART / "examples" / "redis.yaml").read_text()):
        kubernetes_validate.validate(each, "1.34", strict=True)
    kinds = [each["kind"] for each in yaml.safe_load_all((CHART / "examples" / "strimzi.yaml").read_text())]
    assert kinds == ["KafkaNodePool", "Kafka", "KafkaUser"]


def test_helm_finds_nothing_wrong() -> None:
    done = helm("lint", "--strict", "--kube-version", "1.34.0", str(CHART), "--values", str(EXAMPLE))
    assert done.returncode == 0, done.stdout


def test_every_role_is_there() -> None:
    roles = sorted({role for role, _ in pods(objects("example"))})
    assert roles == sorted(
        ["scoring", "aggregation", "alerts", "archive", "ingest", "api", "dashboard", "exporter", "topics"]
    )


@pytest.mark.parametrize("name", KINDS)
def test_pods_are_restricted_and_bounded(name: str) -> None:
    for role, template in pods(objects(name)):
        spec = template["spec"]
        security = spec["securityContext"]
        assert security["runAsNonRoot"] and security["seccompProfile"] == {"type": "RuntimeDefault"}, role
        assert spec["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert not [volume for volume in spec["volumes"] if "hostPath" in volume]
        for container in spec["containers"]:
            own = container["securityContext"]
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert own["readOnlyRootFilesystem"] and own["allowPrivilegeEscalation"] is False
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]
            mounted = {each["name"] for each in container["volumeMounts"]}
            claimed = {"state"} if role == "ingest" else set()
            assert mounted <= {volume["name"] for volume in spec["volumes"]} | claimed


@pytest.mark.parametrize("name", KINDS)
def test_what_runs_on_says_when_it_started_is_ready_and_lives(name: str) -> None:
    for role, container in containers(objects(name)):
        if role == "topics":
            continue
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), role
        ports = {each["name"] for each in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container[probe].get("httpGet")
            assert asked is None or asked["port"] in ports
        assert "alive" not in json.dumps(container["livenessProbe"].get("exec", "")), "Redis away must restart nobody"


@pytest.mark.parametrize("name", KINDS)
def test_secrets_come_by_reference_alone(name: str) -> None:
    for _, container in containers(objects(name)):
        for variable in container["env"]:
            if re.search(r"PASSWORD|SECRET|TOKEN|AUTHOR_KEY|API_KEY|OPTIONS$", variable["name"]):
                assert set(variable["valueFrom"]) == {"secretKeyRef"}, variable["name"]
    assert "Secret" not in {each["kind"] for each in objects(name)}


@pytest.mark.parametrize("name", KINDS)
def test_the_environment_is_settings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = {"BELLWETHER_INGEST__SOURCES", "BELLWETHER_DASHBOARD__PROXIES"}
    for role, container in containers(objects(name)):
        with monkeypatch.context() as patched:
            for variable in container["env"]:
                secret = "{}" if variable["name"].endswith("OPTIONS") else "secret"
                value = variable.get("value", secret)
                patched.setenv(variable["name"], value)
                assert variable["name"] not in lists or json.loads(value)
            settings = load_settings(tmp_path / role)
            assert settings.run == "live"
            assert settings.worker.metrics_host == "0.0.0.0"


@pytest.mark.parametrize("name", KINDS)
def test_selectors_find_pods(name: str) -> None:
    found = objects(name)
    labels = [template["metadata"]["labels"] for _, template in pods(found)]
    for each in found:
        spec = each.get("spec", {})
        selector: Any = spec.get("podSelector") or (spec.get("selector") if each["kind"] != "ServiceMonitor" else None)
        if each["kind"] == "Service":
            selector = {"matchLabels": selector}
        if selector:
            assert [one for one in labels if chosen(selector, one)], each["metadata"]["name"]
    for service in of_kind(found, "Service").values():
        for port in service["spec"]["ports"]:
            named = {
                one["name"]
                for _, template in pods(found)
                if chosen({"matchLabels": service["spec"]["selector"]}, template["metadata"]["labels"])
                for container in template["spec"]["containers"]
                for one in container.get("ports", [])
            }
            assert port["targetPort"] in named
    budgets = of_kind(found, "PodDisruptionBudget")
    served = {role for role, _ in pods(found)} - {"topics", "exporter"}
    assert {budget.removeprefix("fleet-bellwether-") for budget in budgets} == served


def test_the_network_is_closed_but_for_what_a_role_needs() -> None:
    policies = of_kind(objects("example"), "NetworkPolicy")
    whole = policies["fleet-bellwether"]["spec"]
    assert whole["policyTypes"] == ["Ingress", "Egress"]

    def reached(role: str) -> set[int]:
        labels = {"app.kubernetes.io/name": "bellwether", "app.kubernetes.io/instance": "fleet",
                  "app.kubernetes.io/component": role}  # fmt: skip
        rules = [rule for policy in policies.values() if chosen(policy["spec"]["podSelector"], labels)
                 for rule in policy["spec"].get("egress", [])]  # fmt: skip
        return {port["port"] for rule in rules for port in rule["ports"]}

    assert reached("scoring") == {53, 6379, 9092, 9093}
    assert reached("dashboard") == {53, 6379, 80, 443, 465, 587}
    assert {443, 9093} <= reached("ingest")


def test_gpus_are_asked_for_where_they_are() -> None:
    scoring = next(template["spec"] for role, template in pods(objects("full")) if role == "scoring")
    container = scoring["containers"][0]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert scoring["nodeSelector"] == {"nvidia.com/gpu.present": "true"}
    assert scoring["tolerations"][0]["key"] == "nvidia.com/gpu"
    assert {"name": "BELLWETHER_MODEL__DEVICE", "value": "cuda"} in container["env"]
    others = [template["spec"] for role, template in pods(objects("full")) if role != "scoring"]
    assert not [spec for spec in others if "nodeSelector" in spec]


def test_keda_scales_by_what_waits() -> None:
    found = objects("example")
    scaled = of_kind(found, "ScaledObject")["fleet-bellwether-scoring"]["spec"]
    assert "replicas" not in of_kind(found, "Deployment")["fleet-bellwether-scoring"]["spec"]
    assert scaled["fallback"] == {"failureThreshold": 3, "replicas": 8}
    assert scaled["maxReplicaCount"] <= 16
    names = {metric.name for metric in metrics.RUN_METRICS}
    behavior = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]  # that benchmarks/scaling.py plays
    up = {each["type"]: (each["value"], each["periodSeconds"]) for each in behavior["scaleUp"]["policies"]}
    assert up == {"Percent": (scaler.UP_PERCENT, scaler.PERIOD), "Pods": (scaler.UP_PODS, scaler.PERIOD)}
    assert behavior["scaleDown"] == {
        "stabilizationWindowSeconds": scaler.Rule.of_chart().calm,
        "policies": [{"type": "Pods", "value": scaler.DOWN_PODS, "periodSeconds": scaler.PERIOD}],
    }
    assert scaled["fallback"]["failureThreshold"] == scaler.FAILURES
    for trigger in scaled["triggers"]:
        assert trigger["metricType"] == "AverageValue"  # the kind that a fallback works for
        asked = set(re.findall(r"bellwether_\w+", trigger["metadata"]["query"]))
        assert asked
        assert asked <= names
        assert 'run="live"' in trigger["metadata"]["query"]
    assert "keda.maxReplicas is 16, but kafka.documentPartitions is 4" in refusal(
        "keda.enabled=true", "kafka.documentPartitions=4"
    )


def test_dashboards_and_rules_are_those_of_deploy() -> None:
    found = objects("example")
    shown = {name: each for each in of_kind(found, "ConfigMap").values() for name in each["data"] if ".json" in name}
    files = {path.name: path for path in (ROOT / "deploy" / "grafana").glob("*.json")}
    assert set(shown) == set(files)
    for name, path in files.items():
        assert json.loads(shown[name]["data"][name]) == json.loads(path.read_text())
        assert shown[name]["metadata"]["labels"]["grafana_dashboard"] == "1"
    rules = {path.stem for path in (ROOT / "deploy" / "prometheus").glob("*.yml")
             if "groups" in (yaml.safe_load(path.read_text()) or {})}  # fmt: skip
    assert {name.removeprefix("fleet-bellwether-") for name in of_kind(found, "PrometheusRule")} == rules
    monitor = of_kind(found, "ServiceMonitor")["fleet-bellwether"]["spec"]
    services = [each for each in of_kind(found, "Service").values()
                if chosen(monitor["selector"], each["metadata"]["labels"])]  # fmt: skip
    assert [each["metadata"]["name"] for each in services] == ["fleet-bellwether-workers"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("redis.url=redis://:secret@h:6379/0", "/redis/url"),
        ("scoring.replica=3", "'replica' not allowed"),
        ("kafka.securityProtocol=TLS", "/kafka/securityProtocol"),
        ("image.digest=latest", "/image/digest"),
        ("archive.address=/tmp/archive", "/archive/address"),
        ("settings.REDIS_URL=x", "REDIS_URL"),
        ("ingest.sources=[{\"name\":\"a\"}]", "/ingest/sources/0"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_are_refused_by_name(given: str, says: str) -> None:
    assert says in refusal(given)


@pytest.mark.parametrize("lacking", ["kafka.bootstrapServers", "redis.url", "archive.address"])
def test_what_is_required_is_named(lacking: str) -> None:
    given = [each for each in ("kafka.bootstrapServers=k:9092", "redis.url=redis://r:6379/0", "archive.address=s3://b/a")
             if not each.startswith(lacking)]  # fmt: skip
    assert f"{lacking} is required" in refusal(*given, needed=False)


def test_the_schema_knows_every_value_and_its_default() -> None:
    values, schema = (
        yaml.safe_load((CHART / "values.yaml").read_text()),
        json.loads((CHART / "values.schema.json").read_text()),
    )
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(values, schema)
    assert set(schema["properties"]) - {"global"} == set(values)
    assert schema["additionalProperties"] is False
