print("dbassistd")
