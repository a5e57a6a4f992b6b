"""Experimental: what has never run on the real thing."""
