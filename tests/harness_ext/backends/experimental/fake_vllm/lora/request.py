"""An adapter."""


class LoRARequest:
    """Names one."""
