"""Why an order is served as it is, and what else could be."""
