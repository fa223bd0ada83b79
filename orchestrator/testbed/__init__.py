"""The published test bed: drawn, written as a scenario folder, and gone through by every policy."""
