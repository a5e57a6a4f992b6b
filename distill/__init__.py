"""Models, and the adapters distilled from trace data sets."""

import logging

# peft imports bitsandbytes where it is installed, which on some processors then asks for a package that
# fetches kernels; training has no use for them.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
