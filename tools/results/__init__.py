"""From a service's answer to a tool result: parsing, shaping, images, truncation."""
