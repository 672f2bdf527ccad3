"""``python -m tests.screenshot RUN``: draw the README's picture from what a real run recorded.

RUN is a model's folder (see ``charloom paths``). The live view is the program's own, given the
run's own events up to the middle of the run.
"""

import io
import sys
from pathlib import Path

from rich.console import Console
from rich.padding import Padding

from core.events import Progress, from_line
from tui.progress import LiveView

TARGET = Path(__file__).parent.parent / "assets" / "screenshots" / "train.svg"


def main(run: Path) -> None:
    """Replay the run into a live view and save what it shows."""
    lines = [
        *(run / "metrics.jsonl").read_text("utf-8").splitlines(),
        *(run / "samples.jsonl").read_text("utf-8").splitlines(),
    ]
    known = [event for line in lines if (event := from_line(line))]
    reports = [event for event in known if isinstance(event, Progress)]
    shown = reports[len(reports) // 2]
    console = Console(record=True, width=92, file=io.StringIO(), force_terminal=True)
    view = LiveView("creature", console)
    for event in known:
        if getattr(event, "step", shown.step) <= shown.step:
            view.take(event)
    console.print(Padding(view.picture(shown), (1, 2)))
    TARGET.parent.mkdir(exist_ok=True)
    console.save_svg(str(TARGET), title="charloom train frankenstein --name creature")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
