"""AutoCode's tables, figures, claims and pages."""
