"""The one exception for what a user can cause and mend."""


class UserError(Exception):
    """Bad input or a state that a person must mend.

    The message is one line: what was wrong, where, and the mend. The command line prints it without a
    traceback and exits with a non-zero status.
    """
