"""Policy tests: labelled cases, what a policy makes of them, and how well."""
