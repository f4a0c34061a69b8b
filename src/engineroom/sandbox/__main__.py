"""`python -m engineroom.sandbox FD`."""

import socket
import sys

from engineroom.sandbox.fork_server import ForkServer

ForkServer(socket.socket(fileno=int(sys.argv[1]))).serve()
