"""The test bed of Jasin & Sinha (2015) and Ma (2023) as a scenario folder."""
