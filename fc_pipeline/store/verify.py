"""Verify the store: every file is hashed."""

from collections.abc import Sequence

from fc_model.artifacts import ManifestError, Store
from fc_model.errors import UserError


def verify_store(store: Store, wanted: Sequence[str], *, strict: bool) -> tuple[int, list[str]]:
    """The number of checked artifacts, and every problem as one line.

    Args:
        wanted: keys, or beginnings of keys (`nano`); empty for all.
        strict: also name files that no manifest lists.

    Raises:
        UserError: nothing in the store has such a key.
    """
    keys = store.keys()
    for name in wanted:
        if not any(below(key, name) for key in keys):
            raise UserError(f"{store.root} has nothing of {name!r}; there are: {', '.join(keys) or 'no artifacts'}")
    checked, problems = 0, []
    for key in keys:
        if wanted and not any(below(key, name) for name in wanted):
            continue
        for identity in store.identities(key):
            try:
                artifact = store.find(key, identity)
            except ManifestError as error:
                checked += 1
                problems.append(str(error))
                continue
            if artifact is not None:
                checked += 1
                problems += artifact.problems(strict=strict)
    return checked, problems


def below(key: str, name: str) -> bool:
    """True for the key `name` and every key that begins with it, part by part."""
    return key == name or key.startswith(f"{name.rstrip('/')}/")
