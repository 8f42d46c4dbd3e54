# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in download sites: /releases/v<version>/<asset> from a directory that pack.py filled, /vendor/... from vendor/build.py's."""

from __future__ import annotations

import re
from pathlib import Path

from .replies import file_reply, not_found, text

RELEASES = re.compile(r"/releases/(v\w[\w.-]*/\w[\w.-]*)")
VENDOR = re.compile(r"/vendor/((?:\.?/|\w[\w.-]*/)*\w[\w.+~:-]*)")


class Downloads:
    """Answers requests from a directory; a change there shows at once, with another ETag."""

    def __init__(self, root, paths=RELEASES):
        self.root = Path(root)
        self.paths = paths

    def answer(self, request):
        match = self.paths.fullmatch(request.path)
        path = self.root / match[1] if match else None
        if not path or not path.is_file():
            return not_found()
        if request.method not in ("GET", "HEAD"):
            return text(405, "405 method not allowed\n")
        status = path.stat()
        return file_reply(request, path, '"%x-%x"' % (status.st_mtime_ns, status.st_size))
