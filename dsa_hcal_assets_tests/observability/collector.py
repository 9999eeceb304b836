"""An OpenTelemetry collector of a test's own: takes spans over HTTP as protobuf and keeps them."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from dsa_hcal_assets.settings.observability import ObservabilitySettings


class Collector:
    """Takes spans over HTTP and keeps them."""

    def __init__(self):
        self.spans, self.resources = [], []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                for one in ExportTraceServiceRequest.FromString(body).resource_spans:
                    collector.resources.append(attributes(one.resource))
                    collector.spans += [span for scope in one.scope_spans for span in scope.spans]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def settings(self):
        return ObservabilitySettings(otlp_endpoint=self.endpoint)

    def named(self, name):
        (found,) = [one for one in self.spans if one.name == name]
        return found


def attributes(of):
    return {one.key: one.value.string_value or one.value.double_value for one in of.attributes}
