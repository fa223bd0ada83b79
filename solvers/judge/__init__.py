"""The judge: is a plan feasible, and what does it cost."""
