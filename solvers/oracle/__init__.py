"""The cheapest plan of one order at given prices."""
