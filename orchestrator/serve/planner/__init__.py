"""The planner's page: scenarios picked or uploaded, changed in a form, run, read and compared."""
