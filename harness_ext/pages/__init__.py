"""Pages and figures: analyses and leaderboards."""
