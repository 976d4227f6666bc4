"""A thin layer over nbval."""
