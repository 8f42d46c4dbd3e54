"""What a bed hands to Ansible: inventories that reach its nodes, and variables that name its download site."""

from __future__ import annotations

import json
from pathlib import Path

from _bed import run
from _releases import given_archive

RELEASE_URL = "http://sites:5001/releases"
IMAGE = "sites:5001/ollama/ollama"


def write_inventories(folder: Path, containers: dict[str, str], key: Path, checksums: dict) -> None:
    """Write the inventories docker.json and ssh.json, control.json beside one of these, and release.json for `--extra-vars @`.

    control.json makes the first node the control node, since the bed's registry and download site are in its network alone.
    """
    docker = {node: over_docker(container) for node, container in containers.items()}
    ssh = {node: over_ssh(container, key) for node, container in containers.items()}
    write(folder / "docker.json", {"ollama": {"hosts": docker}})
    write(folder / "ssh.json", {"ollama": {"hosts": ssh}})
    write(folder / "control.json", {"all": {"hosts": {"localhost": next(iter(docker.values()))}}})
    write(folder / "release.json", from_the_bed(checksums))


def write(path: Path, content: dict) -> None:
    """Write JSON, which Ansible reads as YAML."""
    path.write_text(json.dumps(content, indent=2) + "\n")


def over_docker(container: str) -> dict:
    """Reach a node through the Docker Engine."""
    return {"ansible_connection": "community.docker.docker", "ansible_host": container,
            "ansible_python_interpreter": "/usr/bin/python3"}


def over_ssh(container: str, key: Path) -> dict:
    """Reach a node as one reaches a machine."""
    return by_ssh(run("docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container).strip(), key)


def by_ssh(address: str, key: Path, **more) -> dict:
    """Reach an address by a key. Its host key is as old as the node, so nobody remembers it."""
    return {"ansible_connection": "ssh", "ansible_host": address, "ansible_user": "root",
            "ansible_ssh_private_key_file": str(key), "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR", **more}


def from_the_bed(checksums: dict) -> dict:
    """Point the role at the bed's download site; checksums follow ollama_version, so that upgrades can be tested."""
    given = given_archive()
    return {"ollama_image": IMAGE, "ollama_release_url": RELEASE_URL, "ollama_allow_http_release": True, "bed_checksums": checksums,
            "ollama_release_checksums": "{{ bed_checksums[ollama_version] }}",
            **({"ollama_version": given[1]} if given else {})}
