# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registry, blob host and download site in one process.

    python3 -m tests.standin.sites --host 0.0.0.0 --port 5001 --blob-host blobs:5001 --data DIR --releases DIR

/v2/... is the registry (of container images too, with --images), /direct/... the blob host, /releases/v<version>/... the
download site, /vendor/... the mock vendor's repositories (with --vendor); /_faults and /_requests steer them (see the README). One line
on standard output tells that all of it listens; SIGTERM ends it.
"""

from __future__ import annotations

import argparse
import random
import signal
import socket
import sys
import threading
from pathlib import Path

from .containers import Containers
from .downloads import VENDOR, Downloads
from .faults import Faults
from .models import Shelf, publish_defaults
from .registry import Registry
from .web import Journal, Server


class Sites:
    """All sites, listening as soon as it is made; to be used with ``with``, or ended with ``close()``.

    ``blob_host`` is NAME or NAME:PORT, where clients are sent for blobs: another name for this machine. Without a port
    it is the same port; with another one that is opened too. ``port`` 0 takes any free port; ``address`` is HOST:PORT.
    """

    def __init__(
        self, data, releases, host="127.0.0.1", port=0, blob_host="localhost", plain=False, token=False, tls=None,
        images=None, vendor=None
    ):
        self.shelf = Shelf(data)
        self.faults = Faults()
        self.journal = Journal()
        self.registry = Registry(self.shelf, blob_host, plain, token)
        self.downloads = Downloads(releases)
        self.containers = Containers(images) if images else None
        self.vendor = Downloads(vendor, VENDOR) if vendor else None
        self._servers = []
        port = self._listen(host, port, tls)
        name, _colon, blob_port = blob_host.partition(":")
        if blob_port and int(blob_port) != port:
            self._listen(host, int(blob_port), tls)
        self.registry.blob_host = "%s:%s" % (name, blob_port or port)
        self.address = "%s:%d" % (host, port)

    def answer(self, request):
        if self.containers and self.containers.serves(request.path):
            return self.containers.answer(request)
        if self.vendor and request.path.startswith("/vendor/"):
            return self.vendor.answer(request)
        site = self.downloads if request.path.startswith("/releases/") else self.registry
        return site.answer(request)

    def close(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    def _listen(self, host, port, tls):
        server = Server((host, port), self.answer, self.faults, self.journal, tls)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self._servers.append(server)
        return server.server_address[1]


def free_port():
    """Return a port of this machine on which nothing listens, none of those that the kernel gives to whoever connects."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def main():
    options = _arguments()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: ended.set())
    publish_defaults(Shelf(options.data))
    tls = (options.cert, options.key) if options.cert else None
    try:
        sites = Sites(options.data, options.releases, options.host, options.port, options.blob_host,
                      options.plain, options.token, tls, options.images, options.vendor)
    except OSError as error:
        sys.exit("sites: cannot listen on %s port %d: %s" % (options.host, options.port, error))
    with sites:
        print("sites: ready on %s, blobs from %s" % (sites.address, sites.registry.blob_host), flush=True)
        if options.ready_file:
            Path(options.ready_file).write_text(sites.address + "\n", encoding="utf-8")
        ended.wait()


def _arguments():
    parser = argparse.ArgumentParser(prog="python3 -m tests.standin.sites", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=5001, help="port; 0 takes any free one (default: %(default)s)")
    parser.add_argument("--blob-host", default="localhost", metavar="NAME[:PORT]",
                        help="where clients are sent for blobs; must not be the name they use (default: %(default)s)")
    parser.add_argument("--data", required=True, metavar="DIR", help="the registry's models; the defaults are added")
    parser.add_argument("--releases", required=True, metavar="DIR", help="release archives, as pack.py writes them")
    parser.add_argument("--images", metavar="DIR", help="container images, as image.py writes them")
    parser.add_argument("--vendor", metavar="DIR", help="repositories of packages, as vendor/build.py writes them")
    parser.add_argument("--plain", action="store_true", help="serve blobs without a redirect, as a plain registry does")
    parser.add_argument("--token", action="store_true", help="ask for a token")
    parser.add_argument("--cert", metavar="FILE", help="speak TLS with this certificate")
    parser.add_argument("--key", metavar="FILE", help="and this key (default: in the certificate's file)")
    parser.add_argument("--ready-file", metavar="FILE", help="written with HOST:PORT once all of it listens")
    return parser.parse_args()


if __name__ == "__main__":
    main()
