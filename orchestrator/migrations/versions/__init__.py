"""One module a layout; what is here never changes once it has been released."""
