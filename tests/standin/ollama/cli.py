# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The `ollama` command: serve, list, ps, pull, rm, show and --version."""

from __future__ import annotations

import http.client
import json
import sys

from . import envconfig
from .tables import ago, human_bytes, print_table, processor
from .version import version

DOWN = "could not connect to ollama server, run 'ollama serve' to start it"
USAGE = """Usage:
  ollama [flags]
  ollama [command]

Available Commands:
  serve       Start Ollama
  show        Show information for a model
  pull        Pull a model from a registry
  list        List models
  ps          List running models
  rm          Remove a model

Flags:
  -h, --help      help for ollama
  -v, --version   Show version information
"""


class CommandError(Exception):
    """What the command prints after "Error: "."""


def main(arguments):
    """Run one command and return its exit status."""
    word = arguments[0] if arguments else "--help"
    rest = [argument for argument in arguments[1:] if not argument.startswith("-")]
    commands = {"list": list_models, "ls": list_models, "ps": list_loaded, "pull": pull, "rm": remove, "show": show}
    if word in ("serve", "start"):
        from .server import serve  # pylint: disable=import-outside-toplevel
        return serve()
    if word in ("--version", "-v"):
        return tell_version()
    if word in ("--help", "-h", "help"):
        print(USAGE)
        return 0
    try:
        if word not in commands:
            raise CommandError(f'unknown command "{word}" for "ollama"')
        _check_server()
        commands[word](rest, arguments)
    except CommandError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def tell_version():
    """Print the server's version, and this copy's where it differs or stands alone."""
    try:
        server = json.loads(_call("GET", "/api/version"))["version"]
        print(f"ollama version is {server}")
    except CommandError:
        server = ""
        print("Warning: could not connect to a running Ollama instance")
    if server != version():
        print(f"Warning: client version is {version()}")
    return 0


def list_models(rest, _arguments):
    rows = []
    for model in json.loads(_call("GET", "/api/tags"))["models"]:
        if not rest or model["name"].lower().startswith(rest[0].lower()):
            rows.append([model["name"], model["digest"][:12], human_bytes(model["size"]), ago(model["modified_at"])])
    print_table(["NAME", "ID", "SIZE", "MODIFIED"], rows)


def list_loaded(_rest, _arguments):
    rows = [[model["name"], model["digest"][:12], human_bytes(model["size"]), processor(model),
             str(model["context_length"]), ago(model["expires_at"])]
            for model in json.loads(_call("GET", "/api/ps"))["models"]]
    print_table(["NAME", "ID", "SIZE", "PROCESSOR", "CONTEXT", "UNTIL"], rows)


def pull(rest, arguments):
    request = {"model": _one(rest), "insecure": "--insecure" in arguments}
    shown = None
    for line in _lines("POST", "/api/pull", request):
        if "error" in line:
            raise CommandError(line["error"])
        if line["status"] != shown:
            shown = line["status"]
            print(shown, file=sys.stderr)


def remove(rest, _arguments):
    _one(rest)
    for name in rest:
        _call("POST", "/api/generate", {"model": name, "keep_alive": 0}, allowed=(404,))
        _call("DELETE", "/api/delete", {"model": name})
        print(f"deleted '{name}'")


def show(rest, _arguments):
    model = json.loads(_call("POST", "/api/show", {"model": _one(rest)}))
    details, info = model["details"], model["model_info"]
    family = info.get("general.architecture", details["family"])
    rows = [("architecture", family), ("parameters", details["parameter_size"]),
            ("context length", info.get(family + ".context_length")),
            ("embedding length", info.get(family + ".embedding_length")),
            ("quantization", details["quantization_level"])]
    print("  Model")
    for name, value in rows:
        print("    %-19s %s    " % (name, value))
    print("\n  Capabilities")
    for word in model["capabilities"]:
        print(f"    {word}    ")
    print()


def _one(rest):
    if not rest:
        raise CommandError("accepts 1 arg(s), received 0")
    return rest[0]


def _check_server():
    try:
        _call("HEAD", "/")
    except CommandError:
        raise CommandError(DOWN) from None


def _call(method, path, body=None, allowed=()):
    """Return the whole answer as text; an answer of 400 and above is an error unless ``allowed``."""
    response = _asked(method, path, body)
    text = response.read().decode("utf-8", "replace")
    if response.status >= 400 and response.status not in allowed:
        try:
            raise CommandError(json.loads(text)["error"])
        except (ValueError, KeyError):
            raise CommandError(text or "%d %s" % (response.status, response.reason)) from None
    return text


def _lines(method, path, body):
    response = _asked(method, path, body)
    for line in response:
        yield json.loads(line)


def _asked(method, path, body):
    where = envconfig.host()
    name = "127.0.0.1" if where.name in ("", "0.0.0.0", "::") else where.name
    connection = http.client.HTTPConnection(name, where.port)
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(str(error)) from None
