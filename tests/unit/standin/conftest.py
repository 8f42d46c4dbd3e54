# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running sites, and a client that follows no redirect and raises on no status."""

from __future__ import annotations

import http.client
import json
import shutil

import pytest
from ansible_collections.barellama.fleet.tests.standin.models import Shelf, publish_defaults
from ansible_collections.barellama.fleet.tests.standin.sites import Sites


class Client:
    """Speaks to the sites under one of their addresses (HOST:PORT)."""

    def __init__(self, address):
        self.address = address

    def ask(self, path, method="GET", body=None, **headers):
        """Return (status, headers, body); what is missing of a body that was cut off is simply not there."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            try:
                return answer.status, answer.headers, answer.read()
            except http.client.IncompleteRead as short:
                return answer.status, answer.headers, short.partial
        finally:
            connection.close()

    def fault(self, *faults):
        status, _headers, body = self.ask("/_faults", "PUT", json.dumps(faults))
        assert status == 200, body

    def asked(self):
        """Return the journal: what was asked, one dict for each request."""
        return [json.loads(line) for line in self.ask("/_requests")[2].splitlines()]


@pytest.fixture(scope="session")
def default_models(tmp_path_factory):
    """A directory with the models that every registry offers, to be copied."""
    root = tmp_path_factory.mktemp("default-models")
    publish_defaults(Shelf(root))
    return root


@pytest.fixture
def run_sites(tmp_path, default_models):
    """Return a function that starts sites (its arguments are those of Sites) and returns a client for them."""
    running = []

    def start(**options):
        shutil.copytree(str(default_models), str(tmp_path / "models"))
        sites = Sites(tmp_path / "models", tmp_path / "releases", **options)
        running.append(sites)
        client = Client(sites.address)
        client.sites = sites
        return client

    yield start
    for sites in running:
        sites.close()


@pytest.fixture
def client(run_sites):
    return run_sites()
