"""Reads a response (programs, outputs, boxes, attempts) and frames a question for a family."""
