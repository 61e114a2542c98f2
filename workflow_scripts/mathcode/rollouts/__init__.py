"""Engines, and the loop that samples, executes and goes on."""
