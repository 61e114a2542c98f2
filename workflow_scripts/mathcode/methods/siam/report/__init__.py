"""SIaM's tables, figures, claims and pages."""
