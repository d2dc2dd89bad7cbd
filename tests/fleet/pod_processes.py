"""The containers of a rendered pod as child processes of this machine: their commands, variables, probes and ports.

What a kubelet would do is done here: references to Secrets and fields are filled in, $(NAME) in arguments is replaced,
and the paths and ports of a container, which it has for itself, become folders and free ports of this machine.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Final

from services.embedded.ports import free_port
from tests.fleet.chart import Manifest

NODE: Final = "node-1.example.com"
_PROBE_SECONDS: Final = 60


class Container:
    """One container of a pod called `pod`; containers of one pod share `folder`."""

    def __init__(
        self, pod: str, role: str, manifest: Manifest, folder: Path, secrets: dict[str, str], files: dict[str, str]
    ) -> None:
        self.role, self.name, self._manifest, self._folder = role, manifest["name"], manifest, folder
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / f"{self.name}.out"
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            place = folder / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        self._ports = {str(each["containerPort"]): str(free_port()) for each in manifest.get("ports", [])}
        self._named = {each["name"]: self._ports[str(each["containerPort"])] for each in manifest.get("ports", [])}
        fields = {"metadata.name": pod, "spec.nodeName": NODE}
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("BELLWETHER_")}
        self.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{self.env['PATH']}"
        for each in manifest["env"]:
            source = each.get("valueFrom", {})
            if "fieldRef" in source:
                value = fields[source["fieldRef"]["fieldPath"]]
            elif "secretKeyRef" in source:
                value = secrets[source["secretKeyRef"]["name"]]
            else:
                value = each["value"]
            self.env[each["name"]] = self._here(value)

    def _here(self, text: str) -> str:
        """A path or port of the container, as it is on this machine."""
        text = re.sub(r"(?<![\w/])/(state|config|secrets)\b", lambda found: str(self._folder / found[1]), text)
        return re.sub(r"(?<![\d.])(\d{4})(?![\d.])", lambda found: self._ports.get(found[1], found[1]), text)

    def command(self) -> list[str]:
        words = [*self._manifest["command"], *self._manifest.get("args", [])]
        return [self._here(re.sub(r"\$\((\w+)\)", lambda found: self.env[found[1]], word)) for word in words]

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command(), env=self.env, stdout=out, stderr=out, cwd=self._folder, start_new_session=True
            )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """As `kubectl exec` would."""
        return subprocess.run(
            [self._here(word) for word in words],
            env=self.env, cwd=self._folder, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def passes(self, probe: str) -> bool:
        """Whether a probe, made once, says yes."""
        how = self._manifest[probe]
        if "exec" in how:
            return self.run(*how["exec"]["command"]).returncode == 0
        url = f"http://127.0.0.1:{self._named[how['httpGet']['port']]}{how['httpGet']['path']}"
        try:
            with urllib.request.urlopen(url, timeout=_PROBE_SECONDS) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self, seconds: float = 30.0) -> int:
        """SIGTERM, as the kubelet sends it; the exit code. SIGKILL when the time is up."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
