"""The planner's lab: scenarios against their base, and what sets them apart."""
