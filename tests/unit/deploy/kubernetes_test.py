#!/usr/bin/env python3
"""Tests of deploy/kubernetes: what is named there exists, and what kubectl makes of it is well formed and hardened.

Exit status 77 where all ran that could, and PyYAML, kubectl (or kustomize) or kubernetes-validate was missing for the rest.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import monitoring

try:
    import yaml
except ImportError:
    yaml = None
try:
    import kubernetes_validate
except ImportError:
    kubernetes_validate = None

TOP = pathlib.Path(os.environ["TESTSELECT_SOURCE_DIR"])
KUBERNETES = TOP / "deploy/kubernetes"
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
BUILDER = next(([shutil.which(name), *words] for name, words in [("kustomize", ["build"]), ("kubectl", ["kustomize"])]
                if shutil.which(name)), None)
SCHEMAS = "1.32"
MISSING = [what for what, there in [("PyYAML", yaml), ("kubectl or kustomize", BUILDER), ("kubernetes-validate", kubernetes_validate)]
           if not there]


def files():
    return sorted(path for path in KUBERNETES.rglob("*") if path.is_file())


class NamesTest(unittest.TestCase):
    """Of the files as they are, with the standard library alone."""

    def test_every_variable_is_a_setting(self):
        settings = (TOP / "docs/configuration.md").read_text(encoding="utf-8")
        seen = 0
        for path in files():
            for name in re.findall(r"\bTESTSELECT_([A-Z_]+)(?==| *,? *value:)", path.read_text(encoding="utf-8")):
                seen += 1
                self.assertIn(f"| `{name.lower().replace('_', '-')}` |", settings, path)
        self.assertGreater(seen, 10)

    def test_the_adapter_makes_what_the_autoscalers_ask_for_of_metrics_that_exist(self):
        metrics = monitoring.read_table((TOP / "docs/metrics.md").read_text(encoding="utf-8"))
        adapter = (KUBERNETES / "prometheus-adapter.yaml").read_text(encoding="utf-8")
        made = set(re.findall(r"as: (\w+)", adapter))
        asked = {name for path in files() for name in re.findall(r"metric: \{name: (\w+)\}", path.read_text(encoding="utf-8"))}
        self.assertEqual(made, asked)
        queries = re.findall(r"seriesQuery: '(.*)'", adapter)
        self.assertEqual(len(queries), len(made))
        for query in queries:
            metric, matchers = re.fullmatch(r"(\w+)\{(.*)\}", query).groups()
            own = ",".join(m for m in matchers.split(",") if not m.startswith(("namespace", "pod!")))
            self.assertEqual(list(monitoring.problems_of(f"{metric}{{{own}}}", metrics)), [], query)
            self.assertIn(own, adapter.split("metricsQuery")[1 + queries.index(query)].splitlines()[0])

    def test_every_file_that_a_kustomization_names_is_there(self):
        for path in KUBERNETES.rglob("kustomization.yaml"):
            named = re.findall(r"^ +- (?:path: )?([\w./-]+\.(?:yaml|env)|(?:\.\./)+[\w/-]+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            self.assertTrue(named, path)
            for name in named:
                self.assertTrue((path.parent / name).exists(), f"{path}: {name}")


@unittest.skipUnless(yaml and BUILDER, "needs PyYAML, and kubectl or kustomize")
class BuiltTest(unittest.TestCase):
    """Of what is sent to the cluster."""

    @classmethod
    def setUpClass(cls):
        cls.built = {}
        for name in OVERLAYS:
            done = subprocess.run([*BUILDER, KUBERNETES / "overlays" / name], capture_output=True, text=True, check=False)
            if done.returncode:
                raise AssertionError(f"{name}: {done.stderr}")
            cls.built[name] = list(yaml.safe_load_all(done.stdout))

    def of_kind(self, *kinds):
        for overlay, objects in self.built.items():
            for o in objects:
                if o["kind"] in kinds:
                    yield f"{overlay}: {o['kind']} {o['metadata']['name']}", o

    def pods(self):
        for where, o in self.of_kind("Deployment", "StatefulSet"):
            yield where, o["spec"]["template"]

    def settings(self, overlay):
        (found,) = [o["data"] for o in self.built[overlay] if o["kind"] == "ConfigMap"]
        return found

    @unittest.skipUnless(kubernetes_validate, "needs kubernetes-validate")
    def test_objects_follow_the_schemas_of_kubernetes(self):
        for where, o in self.of_kind(*{o["kind"] for objects in self.built.values() for o in objects}):
            try:
                kubernetes_validate.validate(o, SCHEMAS, strict=True)
            except kubernetes_validate.ValidationError as e:
                self.fail(f"{where}: {e.message} at {list(e.path)}")

    def test_objects_name_no_namespace_and_say_what_they_belong_to(self):
        for overlay, objects in self.built.items():
            for o in objects:
                self.assertNotIn("namespace", o["metadata"], overlay)
                self.assertEqual(o["metadata"]["labels"]["app.kubernetes.io/name"], "testselect", o["metadata"]["name"])

    def test_pods_are_hardened(self):
        for where, pod in self.pods():
            spec = pod["spec"]
            self.assertFalse(spec["automountServiceAccountToken"], where)
            self.assertFalse(spec["enableServiceLinks"], where)
            self.assertEqual((spec["securityContext"]["runAsNonRoot"], spec["securityContext"]["runAsUser"]), (True, 10001), where)
            self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"}, where)
            for container in spec["containers"]:
                context = container["securityContext"]
                self.assertTrue(context["readOnlyRootFilesystem"], where)
                self.assertFalse(context["allowPrivilegeEscalation"], where)
                self.assertEqual(context["capabilities"], {"drop": ["ALL"]}, where)
                self.assertIn("memory", container["resources"]["limits"], where)

    def test_pods_may_finish_what_they_accepted(self):
        for where, pod in self.pods():
            (container,) = pod["spec"]["containers"]
            before = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
            grace = int(self.settings(where.split(":")[0])["TESTSELECT_SHUTDOWN_GRACE"].rstrip("s"))
            self.assertGreaterEqual(pod["spec"]["terminationGracePeriodSeconds"], before + grace + 10, where)

    def test_what_is_mounted_is_where_the_settings_look(self):
        for where, pod in self.pods():
            (container,) = pod["spec"]["containers"]
            folders = [mount["mountPath"] for mount in container["volumeMounts"]]
            for name, value in self.settings(where.split(":")[0]).items():
                if value.startswith("/"):
                    self.assertTrue(any(value.startswith(folder) for folder in folders), f"{where}: {name}")

    def test_what_selects_pods_finds_some(self):
        for overlay, objects in self.built.items():
            labels = [o["spec"]["template"]["metadata"]["labels"] for o in objects if o["kind"] in ("Deployment", "StatefulSet")]
            ports = {p["name"] for _, pod in self.pods() for c in pod["spec"]["containers"] for p in c["ports"]}
            for o in objects:
                spec = o.get("spec", {})
                selector = spec.get("podSelector") or spec.get("selector")
                if selector is None:
                    continue
                wanted = selector.get("matchLabels", selector) if o["kind"] != "Service" else selector
                self.assertTrue(any(wanted.items() <= have.items() for have in labels), f"{overlay}: {o['metadata']['name']}")
                if o["kind"] == "Service":
                    self.assertLessEqual({p["targetPort"] for p in spec["ports"]}, ports)

    def test_services_give_clients_every_pod_and_none_is_without_a_budget_where_there_are_several(self):
        for where, service in self.of_kind("Service"):
            self.assertEqual(service["spec"]["clusterIP"], "None", where)
        shared = self.built["shared"]
        roles = {o["metadata"]["name"] for o in shared if o["kind"] == "Deployment"}
        self.assertEqual(len(roles), 2)
        for kind in ["Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"]:
            self.assertEqual({o["metadata"]["name"] for o in shared if o["kind"] == kind}, roles, kind)


if __name__ == "__main__":
    program = unittest.main(exit=False)
    if program.result.wasSuccessful() and MISSING:
        print("skipped in part: no " + ", no ".join(MISSING))
        sys.exit(77)
    sys.exit(not program.result.wasSuccessful())
