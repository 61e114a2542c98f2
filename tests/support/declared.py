"""Every declared table, by name."""

from mathcode import tables
from mathcode.core.table_files import Table
from mathcode.methods.autocode import tables as autocode_tables
from mathcode.methods.siam import tables as siam_tables

TABLES: dict[str, Table] = {
    table.name: table for module in (tables, autocode_tables, siam_tables) for table in vars(module).values() if isinstance(table, Table)
}
