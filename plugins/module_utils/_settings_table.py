# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to barellama.fleet: may change without notice.
"""Every environment variable that Ollama reads, as far as an operator may or may not set it.

Read from Ollama's source up to 0.33; see ``Variable`` for the columns. Versions are those of the first stable release.
"""

from __future__ import annotations

import re
from collections import namedtuple

from ansible_collections.barellama.fleet.plugins.module_utils import _settings_kinds as kinds

PREFIX = "OLLAMA_"

Variable = namedtuple("Variable", "name kind since meaning")
Variable.key = property(lambda self: _key(self.name))

FIRST = ""  # in every release that can be installed

PROXY = kinds.matching(
    r"(https?|socks5h?)://[^\s/]+(:\d{1,5})?/?", "is not a proxy's URL; for example http://proxy.example.com:3128"
)
LIBRARY = kinds.matching(
    r"cuda_v\d+|rocm_v\d+_\d+|vulkan|cuda_jetpack\d|mlx_\w+",
    "is not the name of a directory under lib/ollama, so Ollama would use no GPU; for example cuda_v13 or vulkan",
)
GFX = kinds.matching(r"\d{1,2}\.\d{1,2}\.\d{1,2}", "is not of the form X.Y.Z; for example '10.3.0', in quotes")

TABLE = (
    # What is kept in memory, and how much of it
    Variable("OLLAMA_KEEP_ALIVE", kinds.duration("forever"), FIRST, "how long an idle model stays in memory; 0 = not"),
    Variable(
        "OLLAMA_LOAD_TIMEOUT",
        kinds.duration("infinite", zero="means no limit to Ollama; write infinite, or a time such as 10m"),
        "0.3.10", "how long loading a model may stall",
    ),
    Variable("OLLAMA_CONTEXT_LENGTH", kinds.whole(512, 16777216, 8192), "0.5.13", "default context, in tokens"),
    Variable("OLLAMA_NUM_PARALLEL", kinds.whole(1, 1024, 4), "0.1.34", "requests at a time per model"),
    Variable("OLLAMA_MAX_LOADED_MODELS", kinds.whole(0, 1024, 3), "0.1.34", "models in memory; 0 = 3 per GPU"),
    Variable(
        "OLLAMA_MAX_QUEUE", kinds.whole(1, 1000000, 512, note=", since 0 would reject every request"),
        "0.1.34", "requests waiting for a model to load before 503 is answered",
    ),
    Variable("OLLAMA_FLASH_ATTENTION", kinds.boolean, "0.1.39", "force flash attention on or off"),
    Variable("OLLAMA_KV_CACHE_TYPE", kinds.choice("f16", "q8_0", "q4_0"), "0.5.0", "precision of the context cache"),
    Variable("OLLAMA_GPU_OVERHEAD", kinds.size_in_bytes, "0.3.10", "bytes kept free per GPU; only MLX since 0.30"),
    Variable("LLAMA_ARG_FIT", kinds.on_off, "0.30.0", "llama.cpp's own fitting into memory"),
    Variable("LLAMA_ARG_FIT_TARGET", kinds.sizes_in_mib, "0.30.0", "MiB kept free per GPU"),
    # Which devices
    Variable("OLLAMA_SCHED_SPREAD", kinds.boolean, "0.1.45", "use all GPUs even for a model that fits on one"),
    Variable("OLLAMA_LLM_LIBRARY", LIBRARY, FIRST, "the one backend to use"),
    Variable("OLLAMA_VULKAN", kinds.boolean, "0.12.11", "look for Vulkan devices"),
    Variable("OLLAMA_IGPU_ENABLE", kinds.boolean, "0.30.0", "use, or never use, integrated GPUs"),
    Variable("CUDA_VISIBLE_DEVICES", kinds.devices(uuids=True), FIRST, "NVIDIA GPUs to use"),
    Variable("ROCR_VISIBLE_DEVICES", kinds.devices(uuids=True), FIRST, "AMD GPUs to use"),
    Variable("HIP_VISIBLE_DEVICES", kinds.devices(uuids=False), FIRST, "AMD GPUs to use, by number"),
    Variable("GPU_DEVICE_ORDINAL", kinds.devices(uuids=False), FIRST, "AMD GPUs to use, by number"),
    Variable("GGML_VK_VISIBLE_DEVICES", kinds.devices(uuids=False), "0.12.11", "Vulkan devices to use"),
    Variable("HSA_OVERRIDE_GFX_VERSION", GFX, FIRST, "AMD architecture to pretend"),
    Variable("JETSON_JETPACK", kinds.whole(5, 6, 6), FIRST, "JetPack generation on a Jetson"),
    # The store and the network
    Variable("OLLAMA_NOPRUNE", kinds.boolean, "0.1.34", "keep unused blobs"),
    Variable("OLLAMA_MAX_TRANSFER_STREAMS", kinds.whole(1, 64, 4), "0.23.3", "streams per pull of safetensors"),
    Variable("OLLAMA_ORIGINS", kinds.origins, FIRST, "web pages that may call the API, beside local ones"),
    Variable("OLLAMA_REMOTES", kinds.hosts, "0.12.0", "hosts that a model may be forwarded to"),
    Variable("OLLAMA_NO_CLOUD", kinds.boolean, "0.16.2", "no cloud models, web search or calls home"),
    Variable("HTTPS_PROXY", PROXY, FIRST, "proxy for pulls; Ollama writes it to its log"),
    Variable("HTTP_PROXY", PROXY, FIRST, "proxy for plain HTTP; also diverts the ollama command"),
    Variable("NO_PROXY", kinds.hosts, FIRST, "hosts to reach without a proxy"),
    # What is written and how
    Variable("OLLAMA_DEBUG", kinds.log_level, FIRST, "log level; prompts are logged from debug on"),
    Variable("OLLAMA_DEBUG_LOG_REQUESTS", kinds.boolean, "0.18.3", "store the bodies of all requests"),
    Variable("OLLAMA_GO_TEMPLATE", kinds.boolean, "0.30.0", "prefer the model's own template"),
)

MANAGED = {"HOME": "ollama_home", "OLLAMA_HOST": "ollama_host and ollama_port", "OLLAMA_MODELS": "ollama_models_dir"}

REMOVED = {  # name: (first release without it, what to do)
    "OLLAMA_RUNNERS_DIR": ("0.3.11", "delete it"),
    "OLLAMA_TMPDIR": ("0.5.2", "delete it"),
    "OLLAMA_INTEL_GPU": ("0.12.11", "use vulkan"),
    "OLLAMA_NEW_ENGINE": ("0.30.0", "delete it"),
    "OLLAMA_NEW_ESTIMATES": ("0.30.0", "delete it"),
    "OLLAMA_MULTIUSER_CACHE": ("0.30.0", "delete it"),
}

_MODEL_OPTION = "is a model's option and no variable; set it in the model's parameters as "
_NO_MIRROR = "does not exist; write the registry into the model's name, as host/namespace/model:tag"
_ELSEWHERE = "belongs to other products; set "

USELESS = {  # name: why it does nothing for this server, and what to do
    "OLLAMA_API_BASE": _ELSEWHERE + "ollama_host and ollama_port",
    "OLLAMA_API_KEY": "is read by clients of ollama.com only, the server asks nobody for a key; delete it",
    "OLLAMA_AUTH": "is read by clients only, the server asks nobody for a key; delete it",
    "OLLAMA_BASE_URL": _ELSEWHERE + "ollama_host and ollama_port",
    "OLLAMA_BIND": _ELSEWHERE + "ollama_host",
    "OLLAMA_CLOUD_BASE_URL": "only works in builds of Ollama's developers; delete it",
    "OLLAMA_CORS": "does not exist; use origins",
    "OLLAMA_DATA": "does not exist; set ollama_models_dir",
    "OLLAMA_DOWNLOAD_CONCURRENCY": "does not exist; the role's ollama_models_max_parallel limits pulls",
    "OLLAMA_EDITOR": "is read by the ollama command only; delete it",
    "OLLAMA_EXPERIMENT": "does nothing any more; delete it",
    "OLLAMA_GPU_LAYERS": _MODEL_OPTION + "num_gpu",
    "OLLAMA_HOME": "does not exist; set ollama_home",
    "OLLAMA_LLAMA_CPP_COMPAT": "is internal to Ollama; delete it",
    "OLLAMA_LOG_LEVEL": "does not exist; use debug",
    "OLLAMA_MAX_DOWNLOAD_SPEED": "does not exist in any release; delete it",
    "OLLAMA_MAX_VRAM": "does nothing any more; use llama_arg_fit_target (MiB to keep free)",
    "OLLAMA_METRICS": "does not exist in any release; delete it",
    "OLLAMA_MIRROR": _NO_MIRROR,
    "OLLAMA_NOHISTORY": "is read by the ollama command only; delete it",
    "OLLAMA_NUM_GPU": _MODEL_OPTION + "num_gpu",
    "OLLAMA_NUM_THREADS": _MODEL_OPTION + "num_thread",
    "OLLAMA_PORT": _ELSEWHERE + "ollama_port",
    "OLLAMA_REGISTRIES": _NO_MIRROR,
    "OLLAMA_REGISTRY": _NO_MIRROR,
    "OLLAMA_REGISTRY_URL": _NO_MIRROR,
}

# Variables that change what code the process runs, who it is, or what systemd tells it.
DANGEROUS = re.compile(
    r"LD_.*|PATH|GCONV_PATH|GLIBC_TUNABLES|GGML_BACKEND_PATH|BASH_ENV|ENV|IFS|SHELLOPTS|BASHOPTS|PYTHON.*|PERL.*"
    r"|SHELL|USER|LOGNAME|SSLKEYLOGFILE|NOTIFY_SOCKET|WATCHDOG_.*|LISTEN_(FDS|PID|FDNAMES)"
)


def _key(name):
    return name.removeprefix(PREFIX).lower()


BY_KEY = {_key(variable.name): variable for variable in TABLE}
BY_NAME = {variable.name: variable for variable in TABLE}


def refusal(name):
    """Why the variable ``name`` must not be set at all, as the end of a sentence; None when it may."""
    if name in MANAGED:
        return f"{name} is written by the role; set {MANAGED[name]} instead"
    if name in REMOVED:
        since, cure = REMOVED[name]
        return f"{name} is gone since Ollama {since}; {cure}"
    return f"{name} {USELESS[name]}" if name in USELESS else None
