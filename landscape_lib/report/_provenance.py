"""Where a result comes from: `landscape_lib._provenance`, which workers import without the rest of the report."""

from landscape_lib._provenance import SOURCE_TREE, Provenance, _checkout, provenance

__all__ = ["SOURCE_TREE", "Provenance", "_checkout", "provenance"]
