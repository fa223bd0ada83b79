"""The whole night as one programme: the reference, and the rivals."""
