"""Exit codes of the commands: errors of the user become one message, without a traceback."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable

from rich.console import Console

from tfvae.errors import InputError, NonFiniteLoss


def reported(action: Callable[[], None]) -> int:
    """Does `action`; a mistake of the user's becomes one message and an exit code, without a traceback."""
    errors = Console(stderr=True)
    warnings.showwarning = lambda message, *_, **__: errors.print(
        f"warning: {message}", style="yellow", soft_wrap=True, markup=False
    )
    try:
        action()
    except InputError as error:
        errors.print("[bold red]error:[/]", end=" ")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 2
    except NonFiniteLoss as error:
        errors.print("[bold red]stopped:[/]", end=" ")
        errors.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        errors.print("\nInterrupted. The same command, given again, goes on from the last checkpoint.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0
