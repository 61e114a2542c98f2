"""AutoCode's conventions, as the shared machinery of tables, figures and pages asks for them."""

from mathcode.methods.autocode.report import published
from mathcode.methods.autocode.report.columns import COLUMNS
from mathcode.methods.autocode.report.plan import EM, Plan
from mathcode.report.parts import Parts

PARTS = Parts(lead=EM, plan=Plan, columns=COLUMNS, check=published.check_plan)
