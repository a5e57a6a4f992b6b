"""Problems, and reasoning traces about them whose style is controlled."""
