"""Configurations for accelerate launch: several GPUs or machines, sharded models."""
