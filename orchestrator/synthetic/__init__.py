"""Made-up retailers: places, catalogue, stock, carriers and demand."""
