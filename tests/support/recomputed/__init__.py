"""What the tables of a finished run should hold, computed again by other means than those that made them.

Plain loops over rows of the parquet files, statsmodels and scipy; nothing is imported of the modules that measure.
"""
