"""Finds what a response answers; judges compare it with the reference answer."""
