"""How long `omnisource --help` takes, beside importing typer alone: three times at most."""

import subprocess
import sys
import time

HELP = "from omnisource.cli import main\nmain(['--help'])"


def seconds(code: str) -> float:
    """The best of seven fresh interpreters."""
    taken = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return min(taken)


def test_help_takes_at_most_three_times_as_long_as_importing_typer() -> None:
    alone, ours = seconds("import typer"), seconds(HELP)
    print(f"import typer {alone:.3f} s, omnisource --help {ours:.3f} s: {ours / alone:.2f} times")
    assert ours <= 3 * alone
