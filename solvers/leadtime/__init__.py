"""How long deliveries take, learned from those of the past."""
