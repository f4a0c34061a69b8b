"""Faults of the kernel's or a disk's that concern one thing alone: told, and no reason to end."""

import os

from engineroom.keeper import log


def report(error: OSError) -> None:
    """Say what has failed, and where."""
    log.write(
        "error",
        "keeper.failed",
        "Something cannot be done just now; the keeper goes on and tries it again.",
        reason=str(error),
        at=_place(error),
    )


def _place(error: OSError) -> str:
    """Return where it was raised. Not by `traceback`: that opens files, of which there may be none to be had."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"  # noqa: PTH119
