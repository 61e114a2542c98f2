"""Errors that are the user's to mend: one sentence that names the file, row or key."""


class UserError(Exception):
    """Something that was given is wrong; a program prints the message as its last words, without a traceback."""


class InputError(UserError):
    """An option, or a file named by one, is not what the program needs."""


def ran_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out. Torch has no type of its own for that of a CPU."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in str(error)


def first_line(error: Exception) -> str:
    """What a library's error says, on one line; the name of its type where it says nothing."""
    said = str(error).strip()
    return said.splitlines()[0].rstrip(".:") if said else type(error).__name__
