"""What is timed, side by side with what a user would pick instead."""
