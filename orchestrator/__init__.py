"""The verbs: allocate, compare, explain, load, generate."""
