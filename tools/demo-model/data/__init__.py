"""The text that the demo model learns from: everything is written by the functions in this folder."""
