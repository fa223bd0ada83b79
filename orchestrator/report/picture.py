"""The picture in the README.

`python -m omnisource.orchestrator.report.picture` draws docs/demo.svg anew.

It shows the demonstration's report without the seconds, which differ from run to run. Fonts are
the reader's own: nothing in it is loaded from the net.
"""

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

from omnisource.orchestrator.demo import OUT, Demo, run_demo
from omnisource.orchestrator.report.plans import demo_report

FILE = Path(__file__).parents[2] / "docs" / "demo.svg"
WIDTH = 84


def picture(done: Demo) -> str:
    """Return the demonstration's report as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(demo_report(done, timed=False))
    drawn = console.export_svg(title="omnisource demo", unique_id="demo")
    return re.sub(r"@font-face\s*{.*?}\s*", "", drawn, flags=re.DOTALL)


def draw(file: Path = FILE) -> None:
    """Run the demonstration and draw it."""
    with tempfile.TemporaryDirectory() as folder:
        done = run_demo(Path(folder))
    file.parent.mkdir(exist_ok=True)
    file.write_text(picture(Demo(done.compared, OUT)), encoding="utf-8")


if __name__ == "__main__":
    draw()
