"""Recommendations: what to change, by the prices of a night, and what a re-run confirms of it."""
