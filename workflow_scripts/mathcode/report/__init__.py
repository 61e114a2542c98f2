"""Results on disk to tables, figures, LaTeX, pages and costs, without a word of a method."""
