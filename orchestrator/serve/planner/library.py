"""The scenarios that a planner may pick: folders of the operator's, and those that were uploaded.

A scenario is named by its folder and found in a list of them, never by a path that somebody gave.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from omnisource.models.base import UnusableInput
from omnisource.models.planning import ScenarioView
from omnisource.models.scenario import WhatIf
from omnisource.orchestrator.folder.head import HEAD
from omnisource.orchestrator.lab.run import read_variant


@dataclass(frozen=True)
class Library:
    """Where scenarios lie."""

    given: Path  # the operator's: a scenario folder, or one that holds some
    uploads: Path  # what was uploaded

    def folders(self) -> dict[str, Path]:
        """Return the scenario folders by name; one that was uploaded never hides another."""
        uploads = self.uploads.glob(f"[!.]*/{HEAD}")  # those that begin so are being unpacked
        heads = [*uploads, *self.given.glob(f"*/{HEAD}")]
        if (self.given / HEAD).is_file():
            heads.append(self.given / HEAD)
        found = {head.parent.resolve().name: head.parent for head in heads}
        return dict(sorted(found.items()))

    def folder(self, scenario: str) -> Path | None:
        """Return the folder of a scenario; None where there is none of that name."""
        return self.folders().get(scenario)

    def is_uploaded(self, folder: Path) -> bool:
        """Tell whether a folder was uploaded."""
        return folder.parent == self.uploads

    def views(self) -> Iterator[ScenarioView]:
        """Yield what there is."""
        for name, folder in self.folders().items():
            yield ScenarioView(scenario=name, uploaded=self.is_uploaded(folder))

    def starts(self, folder: Path) -> dict[str, WhatIf]:
        """Return what-if files of the operator's that end at a folder, by their name in it."""
        found = {}
        for file in sorted([*self.given.glob("*.toml"), *self.given.glob("*/*.toml")]):
            if file.name == HEAD:
                continue
            try:
                one = read_variant(file)
            except UnusableInput:
                continue
            if one.folder.resolve() == folder.resolve():
                found[file.stem] = one.what.model_copy(update={"changes": one.changes})
        return found
