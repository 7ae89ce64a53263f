"""What every service needs: sockets, the WSGI server, event streams, service clients, model bundles."""
