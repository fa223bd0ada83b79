"""The service from the other side: a planner's scenarios and runs."""

from abc import ABC, abstractmethod
from typing import Any, TypeVar

from pydantic import BaseModel

from omnisource.models.planning import RunList, RunReport, RunRequest, RunView, ScenarioList
from omnisource.orchestrator.serve.client_life import new_key, part

Made = TypeVar("Made", bound=BaseModel)
RUNS = "/v1/plan/runs"


class PlanCalls(ABC):
    """What a client may ask as a planner; a write without a `key` is given one."""

    @abstractmethod
    def _ask(
        self, method: str, path: str, kind: type[Made], body: Any = None, *, key: str | None = None
    ) -> Made:
        """Send a request and return the answer."""

    def scenarios(self) -> ScenarioList:
        """Return the scenarios that may be run."""
        return self._ask("GET", "/v1/plan/scenarios", ScenarioList)

    def run(self, request: RunRequest, *, key: str | None = None) -> RunView:
        """Have a scenario run with its changes, or runs compared, when their turn comes."""
        return self._ask("POST", RUNS, RunView, request, key=key or new_key())

    def runs(self) -> RunList:
        """Return the runs that are kept, the newest first."""
        return self._ask("GET", RUNS, RunList)

    def run_state(self, run: str) -> RunView:
        """Return how a run stands, and what it came to."""
        return self._ask("GET", f"{RUNS}/{part(run)}", RunView)

    def run_report(self, run: str) -> str:
        """Return a run's report, an HTML page."""
        return self._ask("GET", f"{RUNS}/{part(run)}/report", RunReport).html

    def stop_run(self, run: str, *, key: str | None = None) -> RunView:
        """Stop a run; one that has ended stays as it is."""
        return self._ask("POST", f"{RUNS}/{part(run)}/stop", RunView, key=key or new_key())

    def delete_run(self, run: str, *, key: str | None = None) -> RunList:
        """Delete a run that has ended; return those that are left."""
        return self._ask("POST", f"{RUNS}/{part(run)}/delete", RunList, key=key or new_key())
