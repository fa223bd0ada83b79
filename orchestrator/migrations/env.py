"""What alembic runs: the steps, in the transaction of the connection that it is given."""

from alembic import context


def run() -> None:
    """Take the steps."""
    context.configure(connection=context.config.attributes["connection"])
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # as alembic calls it; else it is only imported
    run()
