"""The published test bed: drawn, and gone through by every policy."""
