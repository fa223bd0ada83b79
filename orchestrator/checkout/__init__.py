"""What a checkout asks: availability, promises, and what is held of them."""
