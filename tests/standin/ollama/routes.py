# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each path does. A route takes the handler (see web.py) and the path's last part where that varies."""

from __future__ import annotations

import errno
import os

from . import create, disk, embed, envconfig, models, names, show
from .answer import progress
from .errors import GoError, NotFound, path_error
from .generate import Job, joined
from .pull import pull
from .version import version


def root(handler):
    handler.answer.text(200, "Ollama is running", "text/plain; charset=utf-8")


def tell_version(handler):
    handler.answer.json(200, {"version": version()})


def cloud_status(handler):
    disabled = envconfig.cloud_disabled()
    handler.answer.json(200, {"cloud": {"disabled": disabled, "source": "env" if disabled else "none"}})


def list_models(handler):
    handler.answer.json(200, {"models": models.listed(handler.server.store)})


def list_loaded(handler):
    handler.answer.json(200, {"models": handler.server.scheduler.entries()})


def show_model(handler):
    request = handler.body("ShowRequest", model="string", name="string", system="string", verbose="bool")
    text = request.get("model") or request.get("name")
    if not text:
        raise GoError("model is required", 400)
    name = names.referenced(text)
    if names.is_cloud(text) and envconfig.cloud_disabled():
        raise GoError("ollama cloud is disabled: remote model details are unavailable", 403)
    store = handler.server.store
    name = store.existing(name)
    try:
        handler.answer.json(200, show.describe(store, name, request))
    except FileNotFoundError:
        raise NotFound(f"model '{name.short}' not found") from None


def pull_model(handler):
    request = handler.body("PullRequest", model="string", name="string", insecure="bool", stream="bool")
    name = names.referenced(request.get("model") or request.get("name") or "")
    store, answer = handler.server.store, handler.answer
    name = store.existing(name)
    progress(answer, request, lambda report: pull(store, name, request.get("insecure"), report, answer.gone))


def create_model(handler):
    request = handler.body("CreateRequest", model="string", name="string", stream="bool", system="string",
                           template="string", **{"from": "string"})
    name = names.parse(request.get("model") or request.get("name") or "")
    create.check(request)
    store, answer = handler.server.store, handler.answer
    name = store.existing(name)
    progress(answer, request, lambda report: create.create(store, name, request, report, answer.gone))


def copy_model(handler):
    request = handler.body("CopyRequest", source="string", destination="string")
    source, target = (_named(request.get(key, ""), key) for key in ("source", "destination"))
    store = handler.server.store
    source, target = store.existing(source), store.existing(target)
    if source != target:
        disk.make_directories(os.path.dirname(store.manifest_path(target)))
        try:
            raw = disk.read_file(store.manifest_path(source))
        except GoError:
            raise NotFound('model "' + request["source"] + '" not found') from None
        disk.write_file(store.manifest_path(target), raw)
    handler.answer.empty(200)


def _named(text, role):
    try:
        return names.parse(text)
    except GoError:
        raise GoError(f'{role} "{text}" is invalid', 400) from None


def delete_model(handler):
    request = handler.body("DeleteRequest", model="string", name="string")
    text = request.get("model") or request.get("name")
    if not text:
        raise GoError("model is required", 400)
    try:
        name = names.referenced(text)
    except GoError:
        raise GoError(f'name "{text}" is invalid', 400) from None
    try:
        handler.server.store.remove(handler.server.store.existing(name))
    except FileNotFoundError:
        raise NotFound(f"model '{text}' not found") from None
    handler.answer.empty(200)


def head_blob(handler, digest):
    store = handler.server.store
    if not store.has(digest):
        error = path_error("stat", store.blob(digest), errno.ENOENT)
        error.status = 404
        raise error
    handler.answer.empty(200)


def post_blob(handler, digest):
    store = handler.server.store
    if store.has(digest):
        handler.answer.empty(200)
        return
    found, _size, _new = store.add_blob(handler.pieces())
    if found != "sha256:" + store.blob(digest)[-64:]:
        raise GoError(f'digest mismatch, expected "{digest}", got "{found}"', 400)
    handler.answer.empty(201)


def generate(handler):
    _answer_job(handler, handler.body("GenerateRequest", model="string", prompt="string", system="string",
                                      stream="bool"), chat=False)


def chat(handler):
    _answer_job(handler, handler.body("ChatRequest", model="string", stream="bool"), chat=True)


def embed_texts(handler):
    request = handler.body("EmbedRequest", model="string")
    handler.answer.json(200, embed.embed(handler.server.store, handler.server.scheduler, request))


def _answer_job(handler, request, chat):  # pylint: disable=redefined-outer-name
    answer = handler.answer
    job = Job(handler.server.store, handler.server.scheduler, request, chat)
    if job.unloads:
        answer.json(200, job.unload())
        return
    job.prepare()
    if job.is_empty:
        answer.json(200, job.lifecycle("load"))
        return
    job.check_answerable()
    if not request.get("stream", True):
        answer.json(200, joined(job.pieces()))
        return
    for line in job.pieces():
        answer.line(line)
    answer.end()


ROUTES = {
    "/": {"HEAD": root, "GET": root},
    "/api/version": {"HEAD": tell_version, "GET": tell_version},
    "/api/status": {"GET": cloud_status},
    "/api/tags": {"HEAD": list_models, "GET": list_models},
    "/api/ps": {"GET": list_loaded},
    "/api/show": {"POST": show_model},
    "/api/pull": {"POST": pull_model},
    "/api/create": {"POST": create_model},
    "/api/copy": {"POST": copy_model},
    "/api/delete": {"DELETE": delete_model},
    "/api/blobs/:digest": {"HEAD": head_blob, "POST": post_blob},
    "/api/generate": {"POST": generate},
    "/api/chat": {"POST": chat},
    "/api/embed": {"POST": embed_texts},
}
