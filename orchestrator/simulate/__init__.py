"""The simulation: days of demand through the same code at a simulated clock."""
