"""Where shards live and how they are asked: the small protocol between driver and machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from omnisource.solvers.compile.world import in_threads


class Executor(Protocol):
    """Where shards are, and how they are asked."""

    def call(self, method: str, arguments: Sequence[tuple[Any, ...]] | None = None) -> list[Any]:
        """Call a method of every shard at once.

        Args:
            method: of `Shard`.
            arguments: those of each shard; None for none. What is one object for all shards is
                sent once.

        Returns what each answered, in the order of the shards.
        """
        ...


@dataclass(frozen=True, eq=False)
class Local:
    """Shards in this process, in threads."""

    shards: Sequence[Any]
    threads: int = 0  # 0: as many as there are cores

    def call(self, method: str, arguments: Sequence[tuple[Any, ...]] | None = None) -> list[Any]:
        """Call a method of every shard; compiled work runs at the same time."""
        given = arguments or [()] * len(self.shards)
        answers: list[Any] = [None] * len(self.shards)

        def work(i: int) -> None:
            answers[i] = getattr(self.shards[i], method)(*given[i])

        in_threads(work, len(self.shards), self.threads)
        return answers
