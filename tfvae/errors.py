"""The one error that means: the caller asked for something that cannot be done."""

from __future__ import annotations


class InputError(ValueError):
    """A wrong input, with what was expected, what was received and what to do.

    The command line prints its message without a traceback and ends with exit code 2.
    """


class NonFiniteLoss(RuntimeError):
    """A term of the loss became infinite or NaN."""
