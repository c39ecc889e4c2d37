# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks what deepfake-monitor is deployed with: its man pages and completion know each command, option
and key that there is; the unit, the alert rules and the manifests are what their readers take.

    python3 check_deployment.py PROJECT MONITOR UNIT
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

project, monitor, unit = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
deploy = project / "pipelines/deploy"
faults = []


def expect(good, fault):
    if not good:
        faults.append(fault)


def run(*command, folder=None):
    found = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                           cwd=folder, check=False)
    return found.returncode, found.stdout + found.stderr


def man_page(name):
    code, told = run("man", "--warnings", "-E", "UTF-8", "-l", "-T", "utf8", "-Z",
                     project / "docs/man" / name)
    expect(code == 0 and "warning" not in told, f"{name}: {told}")
    # Fonts and escaped dashes are no part of a word.
    return re.sub(r"\\f.|\\", "", (project / "docs/man" / name).read_text())


def commands_and_options():
    """Each command of the program, with its long options but --help."""
    told = run(monitor, "--help")[1].split("Subcommands:")[1]
    for command in re.findall(r"^  ([a-z][a-z-]*)", told, re.MULTILINE):
        options = set(re.findall(r"--[a-z-]+", run(monitor, command, "--help")[1]))
        yield command, options - {"--help"}


def check_command_line():
    page = man_page("deepfake-monitor.1")
    completion = (deploy / "deepfake-monitor.bash").read_text()
    found = list(commands_and_options())
    expect(len(found) > 5, "the program has hardly any commands: is it the right one?")
    for command, options in found:
        for text, name in ((page, "the man page"), (completion, "the completion")):
            expect(re.search(rf"(?<![\w-]){command}(?![\w-])", text), f"{name} lacks {command}")
            for option in options:
                expect(option in text, f"{name} lacks {option} of {command}")


def documented_keys():
    """Of docs/monitor.md's table of the configuration."""
    text = (project / "docs/monitor.md").read_text()
    table = text.split("## Configuration")[1].split("\n## ")[0]
    for line in table.splitlines():
        cells = line.split("|")
        if len(cells) > 4:
            yield from re.findall(r"`(\w+)`", cells[2])


def check_keys():
    page = man_page("deepfake-monitor.toml.5")
    keys = list(documented_keys())
    expect(len(keys) > 20, "docs/monitor.md: the table of the configuration was not found")
    for key in keys:
        expect(re.search(rf"\b{key}\b", page), f"deepfake-monitor.toml.5 lacks {key}")


def check_completion():
    script = f"""source {deploy}/deepfake-monitor.bash
COMP_WORDS=(deepfake-monitor scan --re); COMP_CWORD=2; _deepfake_monitor; echo "${{COMPREPLY[@]}}"
COMP_WORDS=(deepfake-monitor pro); COMP_CWORD=1; _deepfake_monitor; echo "${{COMPREPLY[@]}}" """
    expect(run("bash", "-c", script)[1].split() == ["--resume", "probe"],
           "the completion does not complete")


def check_unit():
    with tempfile.TemporaryDirectory() as folder:
        # What it starts and what it names has to be there.
        here = pathlib.Path(folder) / "deepfake-monitor@.service"
        text = re.sub(r"ExecStart=\S+", f"ExecStart={monitor}", unit.read_text())
        here.write_text(text)
        code, told = run("systemd-analyze", "verify", "--man=no", here)
        expect(code == 0 and not told.strip(), f"systemd-analyze verify: {told}")


def check_alerts():
    for mode, name in (("check", "prometheus-alerts.yml"), ("test", "prometheus-alerts.test.yml")):
        code, told = run("promtool", mode, "rules", name, folder=deploy)
        expect(code == 0, f"promtool {mode} rules: {told}")
    rules = yaml.safe_load((deploy / "prometheus-alerts.yml").read_text())["groups"][0]["rules"]
    tested = (deploy / "prometheus-alerts.test.yml").read_text()
    metrics = (project / "docs/monitor.md").read_text()
    for rule in rules:
        expect(f"alertname: {rule['alert']}" in tested, f"{rule['alert']} is not tested")
        for name in re.findall(r"deepfake_\w+", rule["expr"]):
            expect(f"`{name.removesuffix('_bucket')}`" in metrics,
                   f"{rule['alert']}: there is no metric {name}")


def check_stop():
    """However it is deployed, it has the same time to stop."""
    given = re.search(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE)
    manifest = (deploy / "kubernetes/monitor.yaml").read_text()
    grace = re.search(r"terminationGracePeriodSeconds: (\d+)$", manifest, re.MULTILINE)
    # Pipelines and evidence 10 s each, recorders, store and outputs 5 s each.
    expect(given and grace and given[1] == grace[1] and int(given[1]) > 35,
           "the unit's and the manifest's time to stop are too short, or not the same")


def check_manifests():
    for path in sorted((deploy / "kubernetes").glob("*.yaml")):
        for part in yaml.safe_load_all(path.read_text()):
            expect({"apiVersion", "kind", "metadata"} <= part.keys(), f"{path.name}: no manifest")
            if part["kind"] == "ConfigMap":
                check_config(path.name, part["data"]["monitor.toml"])


def check_config(name, text):
    with tempfile.TemporaryDirectory() as folder:
        for secret, content in (("operator-token", "0123456789abcdefghij\n"), ("ch1", "a:b\n")):
            path = pathlib.Path(folder) / secret
            path.write_text(content)
            path.chmod(0o600)
        config = pathlib.Path(folder) / "monitor.toml"
        config.write_text(text.replace("/secrets/", folder + "/"))
        code, told = run(monitor, "check-config", config)
        expect(code == 0, f"{name}: {told}")


for tool in ("man", "systemd-analyze", "promtool"):
    expect(shutil.which(tool), f"{tool} is not installed: tests/packages.txt")
if not faults:
    check_command_line()
    check_keys()
    check_completion()
    check_unit()
    check_alerts()
    check_stop()
    check_manifests()
for fault in faults:
    print(fault)
sys.exit(1 if faults else 0)
