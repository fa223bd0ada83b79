"""All orders together: prices, bids, master, finish."""
