# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils._client import Unreachable
from ansible_collections.barellama.fleet.plugins.module_utils._errors import FleetError
from ansible_collections.barellama.fleet.plugins.module_utils._models import Terms
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import A, B, Server, absent, run

# A run that finds all as wanted, and then tells what it has read for that.
CONVERGED = """
import sys
from ansible_collections.barellama.fleet.tests.unit.plugins.module_utils.models_server import A, Server, run
assert run(Server({"m:latest": A}), {"name": "m", "digest": A})["changed"] is False
print(*(name.rpartition(".")[2] for name in sys.modules if "fleet.plugins.module_utils._" in name))
"""


def test_all_is_well_after_one_question():
    server = Server({"m:latest": A})
    result = run(server, "m", absent("gone"))
    assert (result["changed"], server.calls) == (False, [("tags",)])


def test_what_is_as_wanted_is_told_without_reading_how_models_come():
    read = subprocess.run([sys.executable, "-c", CONVERGED], check=True, capture_output=True, text=True).stdout.split()
    assert "_models_plan" in read and not {"_models_apply", "_models_definition", "_models_repair", "_registry"} & set(read), read
    assert len(read) <= 14, read


@pytest.mark.parametrize("of_it", [{"update": True}, {"loaded": False}, {"digest": B}])
def test_what_the_list_of_models_cannot_tell_is_looked_at(of_it):
    server = Server({"m:latest": A}, loaded=["m:latest"])
    with contextlib.suppress(FleetError):
        run(server, {"name": "m", **of_it}, check_mode=True)
    assert len(server.calls) > 1


def test_a_server_that_is_away_is_an_error():
    with pytest.raises(Unreachable):
        run(Server(away=True), "m")


@pytest.mark.parametrize(
    "option, value", [("max_parallel", 0), ("reserve", -1), ("idle_timeout", 0), ("deadline", -1), ("registry_timeout", 0)]
)
def test_limits_make_sense(option, value):
    with pytest.raises(FleetError, match=f"{option} is {value}; it must be at least {value + 1}"):
        Terms(**{option: value})


def test_a_time_that_no_socket_takes_is_refused():
    with pytest.raises(FleetError, match="idle_timeout is 1000000000; it must be at most 100000000"):
        Terms(idle_timeout=10**9)
    assert Terms(reserve=10**15)
