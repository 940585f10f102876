Scanner=1
