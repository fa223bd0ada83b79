"""Omnisource: which node ships what, by which service, promised for when."""

__version__ = "0.1.0"
