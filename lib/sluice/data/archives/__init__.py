"""Reading of WARC, ARC and WET archives record by record, including damaged files."""
