"""Written charts shown as tables, and written as links and pages that iReal Pro opens."""
