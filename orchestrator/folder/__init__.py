"""Scenario folders: files in, checked and linked, and a world out of them."""
