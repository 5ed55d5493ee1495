from .pools import reader
