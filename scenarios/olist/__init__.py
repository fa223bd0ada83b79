"""The Olist marketplace: real orders, sellers and freight, as a scenario."""
