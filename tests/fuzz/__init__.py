"""Changed bytes thrown at everything that reads bytes of others."""
