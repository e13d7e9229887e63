"""The pictures and recordings of the documentation: `make pictures` makes every one of them."""
