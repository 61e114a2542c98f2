"""How often Python looks for garbage: seldom while a program starts, as usual once it holds a model.

Importing torch and transformers makes very many objects and hardly any garbage. Looking through them again and again took a fifth of the
5 s that they need (docs/log.md).
"""

import gc

_USUAL = gc.get_threshold()
_SELDOM = (100_000, *_USUAL[1:])


def collect_seldom() -> None:
    """From now on, look once in 100,000 new objects: little garbage, in a program that holds no tensors."""
    gc.set_threshold(*_SELDOM)


def collect_as_usual() -> None:
    """Look as often as Python does by itself, since garbage may hold tensors now, and never again at what is there: it stays.

    Nothing happens in a program that did not start by collecting seldom: what is there might be garbage.
    """
    if gc.get_threshold() == _SELDOM:
        gc.freeze()
        gc.set_threshold(*_USUAL)
