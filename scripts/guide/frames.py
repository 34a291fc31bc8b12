"""Messages of a document with arrows, and frames as LSP has them."""

import re


def frame(text):
    return f"Content-Length: {len(text.encode())}\r\n\r\n{text}"


def unframed(text):
    """The bodies of the frames that a program printed; what else it printed is left out."""
    bodies, data = [], text.encode()
    while header := re.search(rb"Content-Length: (\d+)\r?\n\r?\n", data):
        body = data[header.end():header.end() + int(header[1])]
        bodies.append(body.decode())
        data = data[header.end() + len(body):]
    return bodies


def exchanged(text):
    """What a block of arrows sends, and what comes. A header stands before its message, with signs for its line ends."""
    sent, came = [], []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("→"):
            sent.append(line[1:].strip().replace("␍␊", "\r\n"))
        elif line.startswith("←"):
            came.append(line[1:].strip())
        else:
            sent[-1] += line
    return sent, came
