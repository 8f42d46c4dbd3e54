# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors that carry the text which the real server, written in Go, would give."""

from __future__ import annotations

import os


class GoError(Exception):
    """An error with its text; ``status`` is the HTTP status of an answer that has not begun yet."""

    def __init__(self, text, status=500):
        super().__init__(text)
        self.status = status


class NotFound(GoError):
    """Something named in the request is not in the store."""

    def __init__(self, text):
        super().__init__(text, 404)


class Cancelled(Exception):
    """The client went away before its answer was complete."""


def path_error(operation, path, number):
    """Return the GoError of a failed system call, e.g. ``open /x: permission denied``."""
    text = os.strerror(number)
    error = GoError(f"{operation} {path}: {text[0].lower() + text[1:]}")
    error.number = number
    return error
