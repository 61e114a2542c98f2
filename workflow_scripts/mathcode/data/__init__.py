"""Raw sources to queries, SFT pairs and benchmarks, and the overlap between them."""
