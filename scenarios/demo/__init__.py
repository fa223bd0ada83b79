"""The bundled demonstration: a small retailer's night."""
