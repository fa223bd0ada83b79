"""The commands: parse, call one verb, print one report."""
