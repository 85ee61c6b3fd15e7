"""What the processes at work need of a store: gc of another process, whose tracks may be others, leaves it.

Each process that builds has a file, `<FC_HOME>/.in_use/<pid>-<token>.json`, which holds as long as the process lives.
"""

import atexit
import os
import uuid
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from fc_model.artifacts import Store
from fc_model.artifacts.files import make_folder, write_json
from fc_model.artifacts.host import Host
from fc_model.artifacts.lock import read_holder
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.resolve import Resolver

_FOLDER = ".in_use"
_TOKEN = uuid.uuid4().hex[:8]


def announce(graph: Graph, store: Store) -> None:
    """Keep all that this process's graph resolves to now, in place of what it announced before."""
    resolver = Resolver(graph, store)
    recipes = ((key, resolver.recipe(key)) for key in graph)
    needed = [(key, recipe.identity(key)) for key, recipe in recipes if recipe is not None]
    path = _own(store)
    with suppress(OSError):  # a store that may only be read: nothing is deleted there either
        if not path.exists():
            make_folder(path.parent)
            atexit.register(path.unlink, missing_ok=True)
        write_json(path, {"pid": os.getpid(), **asdict(Host.this()), "needed": needed})


def in_use(store: Store) -> set[tuple[str, str]]:
    """(key, identity) of all that other living processes have announced."""
    needed: set[tuple[str, str]] = set()
    for path in (store.root / _FOLDER).glob("*.json"):
        process = read_holder(path)
        if process is not None and path != _own(store):
            needed |= {(key, identity) for key, identity in process["needed"]}
    return needed


def _own(store: Store) -> Path:
    return store.root / _FOLDER / f"{os.getpid()}-{_TOKEN}.json"
