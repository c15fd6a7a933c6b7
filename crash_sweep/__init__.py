"""Crashes at every system call of the work that must survive them: `make crash-sweep`."""
