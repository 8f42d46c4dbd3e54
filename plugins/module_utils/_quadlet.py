# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.

"""A Quadlet file, from which systemd makes the service of one instance in Podman. No I/O."""

from __future__ import annotations

from ansible_collections.barellama.fleet.plugins.module_utils import _containers


def render(instance, options):
    """The text of <container>.container, for Podman 4.6 and newer."""
    sections = (
        ("Unit", _unit(instance, options)),
        ("Container", _container(instance, options)),
        ("Service", [("Restart", "always"), ("RestartSec", "3")]),
        ("Install", [("WantedBy", "default.target" if options["rootless"] else "multi-user.target")]),
    )
    header = f"# {_containers.HEADER}\n# Your own changes belong into {instance['container']}.container.d/*.conf.\n"
    return header + "\n".join(
        f"[{title}]\n" + "".join(f"{key}={value}\n" for key, value in entries) for title, entries in sections
    )


def _unit(instance, options):
    entries = [("Description", f"Ollama ({instance['name']})"), ("Documentation", "https://docs.ollama.com")]
    if options["rootless"]:
        return entries  # a user's own systemd knows neither the network nor the mounts
    entries += [("Wants", "network-online.target"), ("After", "network-online.target")]
    if not options["volume"]:
        places = [source for source, dummy in _containers.mounts(instance, options)]
        entries.append(("RequiresMountsFor", " ".join(places)))
    return entries


def _container(instance, options):
    return [
        ("ContainerName", instance["container"]),
        ("Image", options["image"]),
        ("EnvironmentFile", instance["env_file"]),
        ("PublishPort", _containers.published(instance)),
        *_account(options),
        *(("Volume", _mount(*mount, options)) for mount in _containers.mounts(instance, options)),
        ("ReadOnly", "true"),
        ("Tmpfs", "/tmp"),
        ("DropCapability", "all"),
        ("NoNewPrivileges", "true"),
        *_gpus(instance, options),
        ("PodmanArgs", f"--umask={options['umask']}"),
        *([("PodmanArgs", f"--cpus={options['cpus']}")] if options["cpus"] else []),
        *([("PodmanArgs", f"--memory={options['memory']}")] if options["memory"] else []),
        ("LogDriver", "journald"),
        ("HealthCmd", " ".join(_containers.PROBE)),
        ("HealthInterval", "30s"),
        ("HealthTimeout", "10s"),
        ("HealthRetries", "3"),
        ("HealthStartPeriod", "60s"),
    ]


def _account(options):
    # Without root, the container's root is the account itself. Any other number inside would have Podman copy the
    # whole image with changed owners first.
    if options["rootless"] or options["volume"]:
        return []
    return [("User", options["uid"]), ("Group", options["gid"])]


def _mount(source, target, options):
    return f"{source}:{target}" if options["volume"] else f"{source}:{target}:z"


def _gpus(instance, options):
    if options["vendor"] == "nvidia":
        return [("AddDevice", device) for device in _containers.cdi_devices(instance)]
    if options["vendor"] != "amd":
        return []
    groups = ["keep-groups"] if options["rootless"] else _containers.groups(options["look"])
    return [("AddDevice", path) for path in _containers.AMD_DEVICES] + [
        ("PodmanArgs", f"--group-add={group}") for group in groups
    ]
