"""scenarios/README.md says what the models say."""

from pathlib import Path

from omnisource.orchestrator.folder.columns import TABLES, columns_of
from omnisource.orchestrator.folder.describe import scenario_format

README = Path(__file__).parents[2] / "scenarios" / "README.md"


def test_the_readme_of_scenarios_is_up_to_date() -> None:
    assert README.read_text() == scenario_format(), (
        "run: python -m omnisource.orchestrator.folder.describe > scenarios/README.md"
    )


def test_every_column_is_described() -> None:
    text = scenario_format()
    for table in TABLES:
        assert f"## {table}\n" in text
        assert all(f"| `{name}` |" in text for name in columns_of(table))
        assert all(column.description.endswith(".") for column in columns_of(table).values())
