"""What the worlds of tests/system come to, here as well."""

from tests.system.conftest import expected

__all__ = ["expected"]
