Scanned=scan=1
