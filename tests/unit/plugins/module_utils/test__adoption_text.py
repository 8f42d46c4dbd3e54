# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.barellama.fleet.plugins.module_utils import _adoption_text

# As systemd 257 wrote it of a unit with values that need care.
SHOWN = r"""MainPID=0
ExecStart={ path=/usr/bin/sleep ; argv[]=/usr/bin/sleep 1000 ; ignore_errors=no ; start_time=[n/a] ; pid=0 }
Environment="PATH=/usr/bin:/a b" A=2 "B=a b" "C=say \"hi\" \$x" "D=back\\slash" "E=it's" F= "G=tab\there" "H=\`x\`" I=ümlaut
EnvironmentFiles=/etc/default/x (ignore_errors=yes)
EnvironmentFiles=/etc/default/y z (ignore_errors=no)
UnsetEnvironment=
DropInPaths="/etc/systemd/system/x.service.d/my own.conf" /etc/b.conf
"""

# Each of these is what systemd 257 put into a process's environment.
ENVIRONMENT_FILE = (
    ("A=1\nB=2", {"A": "1", "B": "2"}),
    ("# A=1\n;B=2\nC=3", {"C": "3"}),
    ("A = 1  ", {"A": "1"}),
    ("A=a b  \n", {"A": "a b"}),
    ("A=a #b", {"A": "a #b"}),
    ("A=\nB= \n", {"A": "", "B": ""}),
    ("export A=1\nB=2", {"B": "2"}),
    ("noise\nA=1", {"A": "1"}),
    ("A='a\nb'", {"A": "a\nb"}),
    ("""A = "x y" z'w'  """, {"A": "x yz'w'"}),
    (r'A="a\$b\n" "c"', {"A": "a$b\\nc"}),
    ("A=a\\\nb\nB=1", {"A": "ab", "B": "1"}),
    ('A="x\\\ny" ', {"A": "xy"}),
    ("A=a\\ b \\ ", {"A": "a b  "}),
    (r'A=a\tb"c"', {"A": 'atb"c"'}),
    ('A="q', {"A": "q"}),
    ("A=1\nA=2", {"A": "2"}),
    ("", {}),
)


def test_properties():
    found = _adoption_text.properties(SHOWN)
    assert found["EnvironmentFiles"] == ["/etc/default/x (ignore_errors=yes)", "/etc/default/y z (ignore_errors=no)"]
    assert (found["MainPID"], found["UnsetEnvironment"]) == ("0", "")
    assert _adoption_text.program(found["ExecStart"]) == "/usr/bin/sleep"
    assert _adoption_text.program("") is None


def test_words_are_read_as_systemctl_escapes_them():
    found = _adoption_text.properties(SHOWN)
    assert _adoption_text.assignments(_adoption_text.words(found["Environment"])) == {
        "PATH": "/usr/bin:/a b", "A": "2", "B": "a b", "C": 'say "hi" $x', "D": "back\\slash", "E": "it's", "F": "",
        "G": "tab\there", "H": "`x`", "I": "ümlaut",
    }
    assert _adoption_text.words(found["DropInPaths"]) == ["/etc/systemd/system/x.service.d/my own.conf", "/etc/b.conf"]
    assert _adoption_text.words('"" a') == ["", "a"]


@pytest.mark.parametrize(("text", "variables"), ENVIRONMENT_FILE, ids=[text for text, _found in ENVIRONMENT_FILE])
def test_environment_file(text, variables):
    assert _adoption_text.environment_file(text) == variables


def test_directives():
    text = "# a\n[Unit]\nAfter = a b\n\n[Service]\nExecStart=\nExecStart=/x \\\n  # between\n  serve\n;b\nNonsense\n"
    assert _adoption_text.directives(text) == [
        ("Unit", "After", "a b"), ("Service", "ExecStart", ""), ("Service", "ExecStart", "/x    serve"),
    ]
