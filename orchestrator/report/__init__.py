"""Results as reports for people: figures in, something to print out."""
