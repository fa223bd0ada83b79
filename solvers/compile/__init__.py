"""From a world to a problem: who could send what, and what it would cost."""
