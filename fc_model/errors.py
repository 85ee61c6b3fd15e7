"""The one exception for what a user can cause and mend, and how a misspelt name is answered."""

import difflib
from collections.abc import Iterable

_MOST_NAMES = 20
"""A longer list hides what it is an answer to."""


class UserError(Exception):
    """Bad input or a state that a person must mend.

    The message is one line: what was wrong, where, and the mend. The command line prints it without a
    traceback and exits with a non-zero status.
    """


def suggestion(name: str, known: Iterable[str], *, most: int = 1) -> str:
    """What a misspelt name may have meant, as the end of a sentence: `; did you mean 'shards'?`

    Up to `most` names that are close to it, else those that there are, the first of many.
    """
    names = sorted(known)
    if close := difflib.get_close_matches(name, names, n=most):
        return f"; did you mean {' or '.join(map(repr, close))}?"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES + 1 else ""
    shown = ", ".join(names[:_MOST_NAMES] if more else names)
    return f"; there are: {shown}{more}" if names else ""
