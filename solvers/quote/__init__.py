"""What a cart can have by when, and what is there to be promised."""
