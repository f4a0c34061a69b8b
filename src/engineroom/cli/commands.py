"""The command line: one module a command group, each imported only when it is called."""

import os
import signal
import sys

import cyclopts

from engineroom import __version__
from engineroom.cli.errors import CommandError
from engineroom.cli.terminal.log_lines import safe

app = cyclopts.App(
    name="engineroom",
    help="Queue workers and daemons on your own machines.",
    version=__version__,
)
_token = cyclopts.App(name="token", help="The tokens that clients of the API show.")
app.command(
    "engineroom.cli.server.serve:serve",
    name="serve",
    help="Serve the API, and keep running what was asked for.",
)
app.command(
    "engineroom.cli.server.demo:demo", name="demo", help="Serve in a throw-away folder, with examples to try."
)
app.command(
    "engineroom.cli.host.link:link", name="link", help="Make an application that runs the code in a folder."
)
app.command("engineroom.cli.host.link:unlink", name="unlink", help="Undo the linking of a folder.")
_folder = cyclopts.App(name="folder", help="The folders of this host that things may be run in.")
app.command(_folder)
_folder.command(
    "engineroom.cli.host.folders:allow", name="allow", help="Allow an organization to run things in one."
)
_folder.command("engineroom.cli.host.folders:list_", name="list", help="List the folders that are allowed.")
_folder.command("engineroom.cli.host.folders:remove", name="remove", help="Allow nothing more in a folder.")
app.command("engineroom.cli.client.logs:logs", name="logs", help="Show what processes wrote, or follow it.")
app.command(_token)
_token.command("engineroom.cli.host.tokens:create", name="create", help="Make a token and print it.")
_token.command("engineroom.cli.host.tokens:list_", name="list", help="List the tokens of an organization.")
_token.command("engineroom.cli.host.tokens:revoke", name="revoke", help="Revoke a token.")
_organization = cyclopts.App(
    name="organization", help="The organizations that tokens and applications belong to."
)
app.command(_organization)
_organization.command(
    "engineroom.cli.host.organizations:create", name="create", help="Make an organization and print its slug."
)
_organization.command("engineroom.cli.host.organizations:list_", name="list", help="List the organizations.")
_key = cyclopts.App(name="key", help="The key that the variables of environments are encrypted with.")
app.command(_key)
_key.command(
    "engineroom.cli.host.keys:rotate", name="rotate", help="Make a new key, and encrypt everything with it."
)
app.command(
    "engineroom.cli.host.down:down",
    name="down",
    help="Stop the server, drain every process, stop the keeper.",
)
app.command(
    "engineroom.cli.host.doctor:doctor",
    name="doctor",
    help="Look for what is wrong on this host, and say what to do.",
)
app.command(
    "engineroom.cli.host.separate:separate",
    name="separate",
    help="Make a copy of a data folder a new one, apart from the original.",
)
app.command(
    "engineroom.cli.host.keeper:keeper", name="keeper", help="Run this host's keeper in the foreground."
)


_READER_IS_GONE = 128 + signal.SIGPIPE
"""What a shell says of a program that SIGPIPE ended."""


def run() -> None:
    """Run the command that was typed; a command that cannot be carried out says why in one line, with status 1.

    One whose reader is gone, as that of `engineroom logs | head`, ends without a word.
    """
    try:
        app()
        sys.stdout.flush()
    except CommandError as error:
        sys.stderr.write(f"engineroom: {safe(str(error))}\n")
        sys.exit(1)
    except BrokenPipeError:
        # What is still to be flushed at the end would fail again (Python's documentation of SIGPIPE).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_READER_IS_GONE)
