"""Figures beside their floors: `make bench`. Nothing here is a test; timings never are."""
