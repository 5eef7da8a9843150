"""Open recordings: chunks that follow a run while it goes on, with the same kernels and in-process."""

NAME = "live"
