"""The forms an answer can have, each parsed to its last character, and which of them can be equal."""
