"""An order's life, from the click to the return."""
