"""Errors that are the user's to mend: one sentence that names the file, row or key."""


class UserError(Exception):
    """Something that was given is wrong; a program prints the message as its last words, without a traceback."""


class InputError(UserError):
    """An option, or a file named by one, is not what the program needs."""
