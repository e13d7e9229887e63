"""The benchmark: docreview beside a bare server and beside FastMCP (`python -m bench.run`)."""
