"""Commands: parse, call one verb, print one report."""

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def door() -> None:
    """Decide which node ships which units of every order."""


@app.command()
def demo() -> None:
    """Run the main job on the bundled scenario."""
    typer.echo("Nothing to show yet.")


def main() -> None:
    """Run the command line."""
    app()
