"""The command line."""

from engineroom.cli import own_arguments


def main() -> None:
    """Run the command that was typed. What is secret in it is hidden before anything that takes long to import is."""
    own_arguments.hide()
    from engineroom.cli.commands import run  # noqa: PLC0415

    run()
