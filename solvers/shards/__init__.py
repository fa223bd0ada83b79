"""One night in parts that agree by prices."""
