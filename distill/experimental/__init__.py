"""Experimental: what has not yet shown on the real thing what it is for."""
