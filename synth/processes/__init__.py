"""Other processes: how Python programs of ours start, and pieces of work on several cores."""
