"""Routes in time: clocks, lanes, and ways that no other beats."""
