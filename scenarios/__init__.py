"""Ready-to-run scenario folders, bundled with the package."""
