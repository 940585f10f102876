"""What `PromptInjection` looks for, and how it weighs what it finds."""
