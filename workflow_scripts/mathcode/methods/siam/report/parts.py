"""SIaM's conventions, as the shared machinery of tables, figures and pages asks for them."""

from mathcode.methods.siam.report import published
from mathcode.methods.siam.report.columns import COLUMNS
from mathcode.methods.siam.report.plan import MAIN, Plan
from mathcode.report.parts import Parts

PARTS = Parts(lead=MAIN, plan=Plan, columns=COLUMNS, check=published.check_plan, judge=lambda plan: plan.judges[0])
