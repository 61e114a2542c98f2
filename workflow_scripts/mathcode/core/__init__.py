"""Errors, command lines, files written whole, tables on disk, random streams, provenance: nothing of mathematics."""
