#!/usr/bin/env python3
"""instance.py FILE LOG: what a machine at Amazon tells programs that run on it, for tests (IMDSv2).

Prints the port it listens on and ends with its standard input. Who brings a session token, which PUT /latest/api/token gives,
is told the name of a role, and its keys: the text of FILE, read anew each time. LOG gets a line for each request.
"""
import http.server
import os
import secrets
import sys
import threading

ROLES = "/latest/meta-data/iam/security-credentials/"
TOKEN = secrets.token_hex(16)


class Handler(http.server.BaseHTTPRequestHandler):
    def say(self, status, text=""):
        with open(sys.argv[2], "a", encoding="utf-8") as log:
            log.write(f"{self.command} {self.path} {status}\n")
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        if self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
            self.say(200, TOKEN)
        else:
            self.say(400)

    def do_GET(self):
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            self.say(401)
        elif self.path == ROLES:
            self.say(200, "backup-role")
        elif self.path == ROLES + "backup-role" and os.path.exists(sys.argv[1]):
            with open(sys.argv[1], encoding="utf-8") as file:
                self.say(200, file.read())
        else:
            self.say(404)

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
