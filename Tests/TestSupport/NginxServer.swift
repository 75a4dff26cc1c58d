import Foundation

/// A real nginx as HTTPS server, in a folder of its own, on a port of its own, gone with this object (or with the test process).
///
/// Without an upstream it answers by itself: `/ok` with `<ok/>`, `/seen` with what it saw of the request, `/status/502` with an HTML page,
/// `/redirect` with a redirection to another host, `/client` with whom it took the client for.
/// With one it is the TLS terminator in front of `http://127.0.0.1:upstream`.
public final class NginxServer: Sendable {
  public let port: Int
  /// The CA that the server's certificate comes from, PEM.
  public let authority: NginxAuthority
  private let folder: TemporaryFolder
  private let process: ChildProcess
  private let lifeline: Lifeline

  /// `https://localhost:port`
  public var address: String { "https://localhost:\(port)" }

  /// Starts nginx and waits until it listens.
  ///
  /// - Parameters:
  ///   - upstream: a port on 127.0.0.1 that requests are handed on to, unbuffered.
  ///   - names: what the server's certificate stands for.
  ///   - days: how long it is valid; negative for an expired one.
  ///   - protocols: the TLS versions in nginx's words.
  ///   - clients: a PEM file with the CAs of clients' certificates, for a server that asks for them.
  ///   - verification: whether a client must have one: `on`, or in nginx's words otherwise (`optional`, `optional_no_ca`).
  ///   - settings: further lines of nginx's for the server.
  public init(
    upstream: Int? = nil, authority: NginxAuthority? = nil, names: [String] = ["DNS:localhost", "IP:127.0.0.1"], days: Int = 2,
    protocols: String = "TLSv1.2 TLSv1.3", clients: String? = nil, verification: String = "on", settings: [String] = []
  ) async throws {
    let folder = try TemporaryFolder()
    self.folder = folder
    let ca = if let authority { authority } else { try await NginxAuthority() }
    self.authority = ca
    let (certificate, key) = try await ca.server(names: names, days: days)
    let asking =
      clients.map { ["ssl_verify_client \(verification);", "ssl_client_certificate \($0);", "ssl_verify_depth 5;"] } ?? []
    let builtWith = try await run(Self.program, ["-V"]).standardError
    var attempt = 0
    while true {
      attempt += 1
      let port = try LoopbackSocket.freePort()
      let configuration = Self.configuration(
        port: port, folder: folder.path, certificate: certificate, key: key, protocols: protocols, builtWith: builtWith,
        settings: asking + settings, locations: upstream.map(Self.handingOn) ?? Self.answering)
      try folder.write(configuration.utf8, to: "nginx.conf")
      let (process, lifeline) = try ChildProcess.server(
        Self.program, ["-p", folder.path, "-c", folder.path("nginx.conf"), "-e", folder.path("error.log")], log: folder.path("error.log"))
      let isUp = try await eventually("nginx") {
        if process.exitCode != nil { return false }
        return FileManager.default.fileExists(atPath: folder.path("nginx.pid")) && LoopbackSocket.accepts(port) ? true : nil
      }
      if isUp {
        (self.port, self.process, self.lifeline) = (port, process, lifeline)
        return
      }
      // Somebody else may have taken the port between finding and using it.
      guard attempt < 5 else { throw ChildProcessError("nginx did not start: \(Self.text(folder.path("error.log")))") }
    }
  }

  deinit { process.end() }

  /// A line for every request that arrived, however incomplete: `METHOD PATH STATUS BYTES`.
  public var accessLog: String { Self.text(folder.path("access.log")) }

  /// nginx's own messages.
  public var errorLog: String { Self.text(folder.path("error.log")) }

  private static func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

  private static let program = FileManager.default.isExecutableFile(atPath: "/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx"

  private static let answering = """
        location = /ok { default_type text/xml; return 200 "<ok/>"; }
        location = /seen {
          default_type text/plain;
          add_header Set-Cookie "session=kept; Path=/";
          return 200 "$request_method $server_protocol $ssl_protocol type=$content_type length=$content_length cookie=$http_cookie \
    authorization=$http_authorization expect=$http_expect agent=$http_user_agent soap=$http_soapaction encoding=$http_accept_encoding";
        }
        location = /client { default_type text/plain; return 200 "$ssl_client_verify $ssl_client_s_dn $ssl_protocol"; }
        location = /status/403 { default_type text/html; return 403 "<html><title>not yours</title></html>"; }
        location = /status/502 { default_type text/html; return 502 "<html><body>Bad gateway</body></html>"; }
        location = /redirect { return 307 "https://elsewhere.example/login?session=1"; }
    """

  private static func handingOn(to upstream: Int) -> String {
    """
        location / {
          proxy_pass http://127.0.0.1:\(upstream);
          proxy_http_version 1.1;
          proxy_set_header Host $http_host;
          proxy_set_header Connection "";
          proxy_buffering off;
          proxy_request_buffering off;
          client_max_body_size 8m;
        }
    """
  }

  private static func configuration(
    port: Int, folder: String, certificate: String, key: String, protocols: String, builtWith: String, settings: [String], locations: String
  ) -> String {
    // Every temporary folder that this nginx knows must be named, or it insists on the system's.
    let temporary = ["client_body": "", "proxy": "proxy", "fastcgi": "fastcgi", "uwsgi": "uwsgi", "scgi": "scgi"]
      .filter { !builtWith.contains("--without-http_\($0.value)_module") }
      .map { "  \($0.key)_temp_path \(folder)/\($0.key);" }.sorted().joined(separator: "\n")
    return """
      daemon off;
      master_process off;
      worker_processes 1;
      pid \(folder)/nginx.pid;
      error_log \(folder)/error.log info;
      events { worker_connections 256; }
      http {
      \(temporary)
        log_format seen '$request_method $uri $status $request_length';
        access_log \(folder)/access.log seen;
        server {
          listen 127.0.0.1:\(port) ssl;
          server_name localhost;
          server_tokens off;
          ssl_certificate \(certificate);
          ssl_certificate_key \(key);
          ssl_protocols \(protocols);
      \(settings.map { "    " + $0 }.joined(separator: "\n"))
      \(locations)
        }
      }

      """
  }
}
