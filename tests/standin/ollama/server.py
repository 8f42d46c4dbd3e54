# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`ollama serve`: the start in upstream's order, and the end on SIGTERM."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import sys
import threading
import time

from . import download, envconfig, faults, keys, log
from .errors import GoError
from .sched import GIB, Scheduler, default_context, gpus
from .startup import prepare
from .store import Store
from .version import version
from .web import Handler

PANIC = """panic: bad origin: origins must contain '*' or include one of %s

goroutine 1 [running]:
github.com/gin-contrib/cors.newCors({...})"""


class Server(http.server.ThreadingHTTPServer):
    """The listening socket; connections are accepted by the kernel before the server begins to answer."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, where):
        self.bound_name = where.name
        self.store = Store(envconfig.models_directory())
        self.scheduler = Scheduler()
        if ":" in where.name:
            self.address_family = socket.AF_INET6
        super().__init__((where.name, where.port), Handler)

    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.bound_name, self.server_address[1]

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def serve():
    """Run the server; return an exit status when it cannot start."""
    log.set_level(envconfig.log_level())
    _act_broken()
    try:
        keys.ensure()
        server = _bound()
    except GoError as error:
        return _failed(error)
    try:
        _announce_settings()
        prepare(server.store)
    except GoError as error:
        return _failed(error)
    if envconfig.bad_origin():
        log.plain(PANIC % ",".join(envconfig.ORIGIN_SCHEMES))
        return 2
    _end_on_signals(server)
    shown = server.server_address[:2] if server.bound_name != "0.0.0.0" else ("[::]", server.server_port)
    log.info("routes.go:2008", "Listening on %s:%d (version %s)" % (shown[0], shown[1], version()))
    _discover()
    time.sleep(faults.read().get("start_delay", 0))
    server.serve_forever(poll_interval=0.5)
    return 0


def _act_broken():
    """Behave as a bad release: end at once, or never come up."""
    fault = faults.read().get("start")
    if fault == "exit":
        log.plain("Error: this release is broken")
        sys.exit(1)
    while fault == "hang":
        signal.pause()


def _bound():
    where = envconfig.host()
    try:
        return Server(where)
    except socket.gaierror:
        raise GoError(f"listen tcp: lookup {where.name}: no such host") from None
    except OSError as error:
        words = os.strerror(error.errno)
        raise GoError(f"listen tcp {envconfig.address(where)}: bind: {words[0].lower() + words[1:]}") from None


def _announce_settings():
    log.info("routes.go:1951", "server config", env=envconfig.config_map())
    log.info("routes.go:1953", f"Ollama cloud disabled: {str(envconfig.cloud_disabled()).lower()}")


def _discover():
    """Write what the server finds to compute on, and the context length that follows from it."""
    log.info("runner.go:60", "discovering available GPUs...")
    found = gpus()
    for gpu in faults.read().get("gpus", []) if faults.read().get("driver_too_old") else []:
        log.warn("cuda_compat.go:1", "NVIDIA driver too old", device=gpu.get("name", "NVIDIA L4"), **faults.read()["driver_too_old"])
    for number, gpu in enumerate(found):
        library = gpu.get("library", "CUDA")
        size = f"{gpu.get('total_gib', 24):.1f} GiB"
        log.info("types.go:50", "inference compute", id=number, filter_id=gpu.get("uuid", ""), library=library,
                 compute=gpu.get("compute", "8.9"), name="%s%d" % (library, number),
                 description=gpu.get("name", "NVIDIA L4"), libdirs=gpu.get("libdirs", "ollama,cuda_v13"),
                 driver=gpu.get("driver", "13.0"), pci_id=gpu.get("pci_id", "0000:0%d:00.0" % (number + 1)),
                 type="discrete", total=size, available=size)
    if not found:
        total, free = _memory()
        log.info("types.go:50", "inference compute", id="cpu", library="cpu", compute="", name="cpu",
                 description="cpu", libdirs="ollama", driver="", pci_id="", type="", total=total, available=free)
    memory, context = default_context()
    total = "%.1f GiB" % (memory / GIB) if memory else "0 B"
    log.info("routes.go:2058", "vram-based default context", total_vram=total, default_num_ctx=context)


def _memory():
    """Return total and free memory as the log shows them."""
    page = os.sysconf("SC_PAGE_SIZE")
    return tuple("%.1f GiB" % (os.sysconf(name) * page / GIB) for name in ("SC_PHYS_PAGES", "SC_AVPHYS_PAGES"))


def _end_on_signals(server):
    def end(_number, _frame):
        threading.Thread(target=_stop, args=(server,), daemon=True).start()
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


def _stop(server):
    """Leave at once: no answer is completed; downloads get a moment to write down how far they are."""
    server.socket.close()
    download.stop_all(3)
    os._exit(0)


def _failed(error):
    log.plain(f"Error: {error}")
    return 1
