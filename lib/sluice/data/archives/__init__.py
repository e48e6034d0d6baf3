"""Reading WARC, ARC and WET archives record by record, also damaged ones."""
