"""What both methods are made of: a room for each concern; `workflow_scripts/<verb_object>.py` are the command lines on top."""

__version__ = "0.2.0"
