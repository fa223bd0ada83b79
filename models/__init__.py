"""The vocabulary: what a network, an order, a policy and a plan are."""
