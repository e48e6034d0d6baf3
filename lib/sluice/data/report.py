def write_report(output): pass
