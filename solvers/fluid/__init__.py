"""Programmes over expected demand by class, and the policies that follow from them."""
