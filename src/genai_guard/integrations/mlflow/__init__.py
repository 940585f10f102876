"""MLflow: guarded models, traces, feedback, prompts, results of experiments, and aliases. A module for each of them."""
