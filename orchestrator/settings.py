"""What a deployment decides: the environment's `OMNISOURCE_…`, each with a default.

| variable | default | means |
|---|---|---|
| `OMNISOURCE_DB` | | the database: a file, `sqlite:///FILE`, `postgresql://…` |
| `OMNISOURCE_NOW` | the clock | when the service's clock starts, for trials on a scenario's day |
| `OMNISOURCE_LEAD_TIMES` | | file of lead times, as `learn` writes it; read anew with all else |
| `OMNISOURCE_HOLD_MINUTES` | 15 | how long a reservation is held |
| `OMNISOURCE_REFRESH_SECONDS` | 30 | how often changed stock is read for promises; 0: never |
| `OMNISOURCE_REREAD_SECONDS` | 900 | how often all is read anew: network, prices too; 0: never |
| `OMNISOURCE_RATE` | 2000 | requests a second of a key in one worker |
| `OMNISOURCE_BURST` | 4000 | that a key may send at once |
| `OMNISOURCE_BODY_BYTES` | 1048576 | of a request at the most |
| `OMNISOURCE_WAIT_SECONDS` | 10 | that a request waits for the database; then 503 |
| `OMNISOURCE_THREADS` | 32 | requests of a worker that wait for the database at a time |
| `OMNISOURCE_LOG` | all | `faults`: no line a request |
| `OMNISOURCE_LINK_KEY` | | signs links to pages; without it there are none |
| `OMNISOURCE_LINK_DAYS` | 30 | how long a link holds |
| `OMNISOURCE_SCENARIOS` | | folder of scenarios for the planner's page; without it there is none |
| `OMNISOURCE_RUNS` | out/planner | where the planner's runs and uploads are kept |
| `OMNISOURCE_UPLOAD_BYTES` | 67108864 | of a planner's upload; unpacked eight times that |
| `OMNISOURCE_SESSION_KEY` | new each start | signs planners' sessions |
| `OMNISOURCE_BACKORDERS` | at-once | who waits is given what comes `at-once`, or when `asked` |
| `OMNISOURCE_FAIR` | 1.0 | share of what comes that one customer gets while others wait |
| `OMNISOURCE_RECEIPTS_ON_TIME` | 0.9 | share of receipts that come when they are due |
| `OMNISOURCE_SYNC` | FULL | SQLite: FULL waits for the disk before it answers, NORMAL does not |
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, ValidationError

from omnisource.models.base import Share, UnusableInput, Value

PREFIX: Final = "OMNISOURCE_"


class Settings(Value):
    """What a deployment decides."""

    db: Annotated[str, Field(min_length=1)]
    now: AwareDatetime | None = None
    lead_times: Path | None = None
    hold_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    refresh_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 30.0
    reread_seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 900.0
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 2_000.0
    burst: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 4_000.0
    body_bytes: Annotated[int, Field(ge=1_000, le=2**30)] = 2**20
    wait_seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = 10.0
    threads: Annotated[int, Field(ge=1, le=1_000)] = 32
    log: Literal["all", "faults"] = "all"
    link_key: Annotated[str, Field(max_length=1_000, repr=False)] = ""
    link_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    scenarios: Path | None = None
    runs: Path = Path("out/planner")
    upload_bytes: Annotated[int, Field(ge=1_000, le=2**30)] = 2**26
    session_key: str = Field(default_factory=token_hex, min_length=16, max_length=1_000, repr=False)
    backorders: Literal["at-once", "asked"] = "at-once"
    fair: Share = 1.0
    receipts_on_time: Share = 0.9
    sync: Literal["FULL", "NORMAL"] = "FULL"

    def environment(self) -> dict[str, str]:
        """Return it as variables that `settings_of` reads."""
        given = self.model_dump(exclude_none=True)
        return {
            PREFIX + name.upper(): value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in given.items()
        }


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Read the settings of an environment.

    >>> settings_of({"OMNISOURCE_DB": "shop.db", "OMNISOURCE_RATE": "5"}).rate
    5.0

    Raises:
        UnusableInput: a variable is missing or does not hold what it should.
    """
    given = {
        name: environment[PREFIX + name.upper()]
        for name in Settings.model_fields
        if PREFIX + name.upper() in environment
    }
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise UnusableInput(f"{name}: {first['msg']}") from None
