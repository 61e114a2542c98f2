"""What a run of SIaM ends with. A further table is a function that makes its rows, a caption, and a line here."""

from mathcode.report.index import Item

ITEMS: tuple[Item, ...] = ()
