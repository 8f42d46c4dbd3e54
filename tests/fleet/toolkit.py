# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node whose NVIDIA driver seems to be loaded, and NVIDIA's container toolkit for it from the mock vendor."""

from __future__ import annotations

import json

# The mock vendor's toolkit asks this file for the driver and the GPUs, all of which are /dev/null.
HOST = "/var/lib/mock-gpu/host.json"


def load_driver(node, version, gpus=1):
    """Let a driver seem to be loaded, for the role and for the toolkit."""
    state = json.dumps({"files": {"sys/module/nvidia/version": version}, "gpus": [{}] * gpus})
    listed = "".join(f"echo 'GPU {gpu}: NVIDIA H200 (UUID: GPU-{gpu})'\n" for gpu in range(gpus))
    node.sh(f"""mkdir -p /var/lib/mock-gpu && echo '{state}' > {HOST}
touch /usr/lib/libcuda.so.{version} && echo {version} > /sys/module/nvidia/version
cat > /usr/local/bin/nvidia-smi <<'SMI'
#!/bin/sh
{listed}SMI
chmod 0755 /usr/local/bin/nvidia-smi""")


def give(node, vendor):
    """Let the node have a GPU and its driver; return the variables of container_runtime for the toolkit of this vendor."""
    node.sh("mount -t tmpfs mock /sys/module && mkdir /sys/module/nvidia && mknod /dev/nvidiactl c 1 3")
    load_driver(node, "580.95.05")
    url = f"{vendor['url']}/toolkit/stable/deb/{node.sh('dpkg --print-architecture')}"
    own = {"url": url, "key_url": f"{vendor['url']}/keys/toolkit.asc", "key_fingerprints": [vendor["fingerprints"]["toolkit"]]}
    return {"container_runtime_gpu_vendor": "nvidia", "container_runtime_repositories": {"toolkit": own}}
