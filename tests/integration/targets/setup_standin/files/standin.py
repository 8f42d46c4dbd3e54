# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the stand-in Ollama server and the stand-in sites for one integration target.

standin.py start DIR VERSION ... start both on free loopback ports with their data below DIR; print where they are;
                                 further words are options of the sites
standin.py requests DIR          print what both were asked since the last call, as "METHOD path"
standin.py stop DIR              end the processes that start noted in DIR
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PATIENCE = 60  # seconds until a process that was started must answer
ACCESS_LINE = re.compile(r'\[GIN\] .* \| (\w+) +"([^"]*)"$', re.MULTILINE)


def checkout():
    """The collection's root: ansible-test runs a copy of the targets some levels below it."""
    for place in Path(__file__).resolve().parents:
        if (place / "tests" / "standin" / "sites.py").is_file():
            return place
    sys.exit("no checkout with tests/standin above %s" % __file__)


def start(place, version, *options):
    place = Path(place)
    for name in ("registry", "releases", "home", "store"):
        (place / name).mkdir()
    sites = launch(
        place,
        "sites",
        [
            "tests.standin.sites",
            "--port",
            "0",
            "--data",
            place / "registry",
            "--releases",
            place / "releases",
            "--ready-file",
            place / "sites.address",
            *options,
        ],
    )
    sys.path.insert(0, str(checkout()))
    port = importlib.import_module("tests.standin.sites").free_port()
    environment = {
        "OLLAMA_HOST": "127.0.0.1:%d" % port,
        "OLLAMA_MODELS": str(place / "store"),
        "HOME": str(place / "home"),
        "STANDIN_FAULTS": str(place / "server-faults.json"),
        "STANDIN_VERSION": version,
    }
    server = launch(place, "server", ["tests.standin.ollama", "serve"], environment)
    (place / "pids").write_text("%d %d" % (sites.pid, server.pid))
    url = "http://127.0.0.1:%d" % port
    wait(place, sites, lambda: (place / "sites.address").read_text().strip())
    wait(place, server, lambda: fetch(url + "/api/version"))
    registry = (place / "sites.address").read_text().strip()
    return {
        "dir": str(place),
        "root": str(checkout()),
        "url": url,
        "version": version,
        "store": str(place / "store"),
        "registry": registry,
        "registry_data": str(place / "registry"),
        "sites_url": "http://" + registry,
        "releases": str(place / "releases"),
        "releases_url": "http://%s/releases" % registry,
        "server_faults": str(place / "server-faults.json"),
        "server_log": str(place / "server.log"),
    }


def requests(place):
    """What was asked since the last call; the sites forget it, of the server's log the end is noted."""
    place = Path(place)
    sites = "http://%s/_requests" % (place / "sites.address").read_text().strip()
    asked = [json.loads(line) for line in fetch(sites).splitlines()]
    fetch(sites, "DELETE")
    log, seen = (place / "server.log").read_text(), place / "server.seen"
    told = ACCESS_LINE.findall(log[int(seen.read_text()) if seen.exists() else 0 :])
    seen.write_text(str(len(log)))
    return {
        "server": ["%s %s" % pair for pair in told if pair[1] != "/api/version" or pair[0] != "GET"],
        "sites": ["%s %s" % (entry["method"], entry["path"]) for entry in asked],
    }


def stop(place):
    pids = Path(place) / "pids"
    for pid in pids.read_text().split() if pids.exists() else []:
        try:
            os.kill(int(pid), signal.SIGTERM)
        except ProcessLookupError:
            pass
    return {}


def launch(place, name, words, environment=()):
    with open(place / (name + ".log"), "wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m"] + [str(word) for word in words],
            cwd=checkout(),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **dict(environment)},
        )


def wait(place, process, ready):
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if ready():
                return
        except OSError:
            time.sleep(0.05)
    stop(place)
    sys.exit("not ready: %s" % "".join(log.read_text() for log in sorted(place.glob("*.log"))))


def fetch(url, method="GET"):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, method=method), timeout=5) as answer:
        return answer.read().decode()


if __name__ == "__main__":
    print(json.dumps({"start": start, "requests": requests, "stop": stop}[sys.argv[1]](*sys.argv[2:])))
