"""Runs a workflow without the service that hosts it: jobs, matrices, conditions, and steps of bash.

Expressions in `${{ }}` are evaluated (the few that are used here; another one fails the test), each `run:`
is given to bash as the service does, `uses: ./…` runs a composite action, and of the well-known actions what
matters is imitated: artifacts are folders, and so are caches, which all runs in one folder share. In: a
repository and the event. Out: each job's result, summaries and artifacts.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

KNOWN = {
    "actions/checkout@fbc6f3992d24b796d5a048ff273f7fcc4a7b6c09": "v5.1.0",
    "actions/setup-python@ece7cb06caefa5fff74198d8649806c4678c61a1": "v6.3.0",
    "actions/cache/restore@27d5ce7f107fe9357f9df03efb73ab90386fccae": "v5.0.5",
    "actions/cache/save@27d5ce7f107fe9357f9df03efb73ab90386fccae": "v5.0.5",
    "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f": "v6.0.0",
    "actions/download-artifact@37930b1c2abaa49bbe596cd826c3c89aef350131": "v7.0.0",
    "pypa/gh-action-pypi-publish@ed0c53931b1dc9bd32cbe73a98c7f6766f8a527e": "v1.13.0",
}
"""The commits that are used, and what their repositories' tags call them."""
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_TOKEN = re.compile(r"\s*(&&|\|\||==|!=|!|\(|\)|'[^']*'|[A-Za-z_][\w.-]*)")


def read(path: Path) -> dict[str, Any]:
    """A YAML file; its `on:` is no boolean."""
    text = re.sub(r"^on:", '"on":', path.read_text(), flags=re.MULTILINE)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """An expression of names, strings, comparisons and logical operators, and `always()`, `cancelled()`."""
    python, position = [], 0
    operators = {"&&": "and", "||": "or", "!": "not", "==": "==", "!=": "!=", "(": "(", ")": ")"}
    while expression[position:].strip():
        token = _TOKEN.match(expression, position)
        assert token, f"expected an expression that is known here, found {expression!r}"
        position, text = token.end(), token[1]
        if text in ("always", "cancelled"):
            assert expression[position:].startswith("()"), expression
            position += 2
            python.append(str(text == "always"))
        else:
            python.append(operators.get(text) or (text if text[0] == "'" else repr(_named(text, contexts))))
    return eval(" ".join(python), {"__builtins__": {}})


def _named(name: str, contexts: Mapping[str, Any]) -> Any:
    found: Any = contexts
    for part in name.split("."):
        # What is not there is empty, as at the service.
        found = found.get(part, "") if isinstance(found, Mapping) else ""
    return found


@dataclass
class Job:
    """What became of a job; it fails where a step does."""

    name: str
    failed: str = ""
    """The name of the step that failed, '' where none did."""
    log: str = ""
    summaries: list[str] = field(default_factory=list)


@dataclass
class Service:
    """A run of a workflow in fresh clones of `origin`."""

    origin: Path
    folder: Path
    event: str = "push"
    run_id: str = "1"
    environment: Mapping[str, str] = field(default_factory=dict)
    ref_name: str = "main"
    jobs: dict[str, Job] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of jobs, by name; of a matrix those of the last."""

    def run(self, workflow: dict[str, Any]) -> dict[str, Job]:
        """All jobs, in order, one for each cell of their matrix."""
        for name, job in workflow["jobs"].items():
            condition = job.get("if", "!cancelled()" if not job.get("needs") else "always()")
            if not evaluate(_bare(condition), self._contexts(name)):
                continue
            matrix = job.get("strategy", {}).get("matrix", {})
            cells = [dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values())]
            for cell in cells:
                label = " ".join([name, *map(str, cell.values())])
                self.jobs[label] = self._job(name, label, job, workflow.get("env", {}), cell, len(cells))
        return self.jobs

    def _contexts(self, job: str) -> dict[str, Any]:
        github = {
            "event_name": self.event,
            "event": {"repository": {"default_branch": "main"}},
            "ref_name": self.ref_name,
            "run_id": self.run_id,
            "run_attempt": "1",
            "job": job,
        }
        needs = {name: {"outputs": outputs} for name, outputs in self.outputs.items()}
        return {"github": github, "runner": {"os": "Linux"}, "needs": needs}

    @property
    def caches(self) -> Path:
        return self.folder.parent / "caches"

    @property
    def artifacts(self) -> Path:
        return self.folder / "artifacts"

    def _job(
        self, name: str, label: str, job: dict[str, Any], env: dict[str, str], cell: dict[str, Any], of: int
    ) -> Job:
        workspace = self.folder / label.replace(" ", "-")
        subprocess.run(["git", "clone", "-q", self.origin, workspace], check=True)
        contexts = {
            **self._contexts(name),
            "strategy": {"job-total": of},
            "matrix": cell,
            "env": env,
        }
        result = Job(label)
        steps = self._steps(job["steps"], contexts, workspace, result)
        self.outputs[name] = _filled(job.get("outputs", {}), {**contexts, "steps": steps})
        return result

    def _steps(
        self, steps: list[dict[str, Any]], contexts: dict[str, Any], workspace: Path, result: Job
    ) -> dict[str, Any]:
        outputs: dict[str, Any] = {}
        failed = bool(result.failed)
        for number, step in enumerate(steps):
            contexts = {**contexts, "steps": outputs}
            condition = _bare(step.get("if", "")) or "''==''"
            always = "always" in condition or "cancelled" in condition
            if (result.failed and not failed and not always) or not evaluate(condition, contexts):
                continue
            name = step.get("name") or step.get("uses") or f"step {number}"
            if "uses" in step:
                given = _filled(step.get("with", {}), contexts)
                self._use(step["uses"], given, contexts, workspace, result)
                continue
            assert step.get("shell", "bash") == "bash"
            env = _filled({**contexts["env"], **step.get("env", {})}, contexts)
            assert "${{" not in step["run"], "an input in a script could be a command: give it as a variable"
            done, found = self._shell(step["run"], env, workspace, result)
            outputs[step.get("id", str(number))] = {"outputs": found}
            result.log += f"### {name}\n{done.stdout}{done.stderr}"
            if done.returncode:
                result.failed = result.failed or f"{name}: {done.returncode}"
        return outputs

    def _shell(
        self, script: str, env: dict[str, str], workspace: Path, result: Job
    ) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        files = {name: self.folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.write_text("")
        environment = {
            **self.environment,
            **env,
            **{name: str(path) for name, path in files.items()},
            "GITHUB_RUN_ID": self.run_id,
            "GITHUB_ACTION_PATH": str(workspace),
            "GITHUB_WORKSPACE": str(workspace),
        }
        command = ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", script]
        done = subprocess.run(
            command, cwd=workspace, env=environment, capture_output=True, text=True, check=False
        )
        if summary := files["GITHUB_STEP_SUMMARY"].read_text():
            result.summaries.append(summary)
        return done, dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())

    def _use(
        self, uses: str, given: dict[str, str], contexts: dict[str, Any], workspace: Path, result: Job
    ) -> None:
        if uses.startswith("./"):
            action = read(workspace / uses / "action.yml")
            assert set(given) <= set(action["inputs"]), f"{uses} has no such inputs"
            inputs = {key: str(entry.get("default", "")) for key, entry in action["inputs"].items()}
            self._steps(action["runs"]["steps"], {**contexts, "inputs": inputs | given}, workspace, result)
            return
        assert uses in KNOWN, uses
        act: Callable[[Mapping[str, str], Path], None] = {
            "actions/upload-artifact": self._upload,
            "actions/download-artifact": self._download,
            "actions/cache/restore": self._restore,
            "actions/cache/save": self._save,
        }.get(uses.partition("@")[0], lambda given, workspace: None)
        act(given, workspace)

    def _upload(self, given: Mapping[str, str], workspace: Path) -> None:
        to = self.artifacts / given["name"]
        hidden = shutil.ignore_patterns(".*")  # as the action does, unless told otherwise
        shutil.copytree(workspace / given["path"], to, dirs_exist_ok=True, ignore=hidden)

    def _save(self, given: Mapping[str, str], workspace: Path) -> None:
        self.caches.mkdir(exist_ok=True)
        assert not (self.caches / given["key"]).exists(), "the service keeps the first of a key"
        shutil.copy(workspace / given["path"], self.caches / given["key"])

    def _restore(self, given: Mapping[str, str], workspace: Path) -> None:
        prefixes = (given["key"], *given["restore-keys"].split())
        entries = self.caches.iterdir() if self.caches.exists() else ()
        found = [entry for entry in entries if entry.name.startswith(prefixes)]
        if found:
            to = workspace / given["path"]
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(max(found, key=lambda entry: entry.stat().st_mtime), to)

    def _download(self, given: Mapping[str, str], workspace: Path) -> None:
        if "name" in given:
            shutil.copytree(self.artifacts / given["name"], workspace / given["path"])
            return
        for artifact in self.artifacts.iterdir():
            if fnmatch.fnmatch(artifact.name, given["pattern"]):
                shutil.copytree(artifact, workspace / given["path"] / artifact.name)


def _bare(condition: str) -> str:
    return _EXPRESSION.sub(r"\1", str(condition)).strip()


def _filled(texts: Mapping[str, object], contexts: Mapping[str, Any]) -> dict[str, str]:
    def value(found: re.Match[str]) -> str:
        return _text(evaluate(found[1], contexts))

    return {key: _EXPRESSION.sub(value, str(text)) for key, text in texts.items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
