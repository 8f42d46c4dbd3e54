"""The repository stands alone and asks nothing dangerous of a machine."""

from __future__ import annotations

import re

import pytest

from .repo import ROOT, tracked

# Spelled in pieces, so that this file is clean itself.
FORBIDDEN = {
    r"\.\./" + "shared": "the repository stands alone",
    r"(?<![\w.])/" + r"work/(main|shared|\.)": "a path of one machine",
    r"/root/" + r"\.(pyenv|cache)": "a path of one machine",
    "pypi" + r"\.org|files\.python" + "hosted|deb" + r"\.debian\.org|registry-1\." + "docker": "package clients know their hosts themselves",
    "--" + "privileged|^\\s*" + "privileged: *(true|yes)": "containers get what they need one by one",
    "(?i)(secret|password|token): *['\"]?(change" + "me|hunter2)": "a sample that ends in production",
}
RECORDED = "tests/contract/recordings/"


def text_of(path):
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("pattern", FORBIDDEN, ids=list(FORBIDDEN.values()))
def test_nothing_is_written_that_should_not_be(pattern):
    found = [f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()}"
             for path in tracked() if not str(path).startswith(RECORDED)
             for text in [text_of(path)] for match in re.finditer(pattern, text, re.MULTILINE)]
    assert not found, f"{FORBIDDEN[pattern]}: {found}"


def test_no_links_leave_the_repository_and_no_big_files_enter_it():
    for path in tracked():
        assert not (ROOT / path).is_symlink(), f"{path}: the built collection would carry a broken link"
        assert (ROOT / path).stat().st_size < 1 << 20, f"{path} is larger than 1 MiB"
