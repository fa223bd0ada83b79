"""What `omnisource bench` measures on this machine, and beside what."""
