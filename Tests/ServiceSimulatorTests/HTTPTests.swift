import Foundation
import TestSupport
import Testing

@testable import ServiceSimulator

@Suite("HTTP by hand")
struct HTTPTests {
  /// What comes back for these octets until the connection closes.
  private func exchange(_ bench: Workbench, _ text: String) async throws -> String {
    let port = String(try #require(bench.base.split(separator: ":").last))
    let script = "exec 3<>/dev/tcp/127.0.0.1/$1; cat >&3; exec timeout 20 cat <&3"
    return try await run("bash", ["-c", script, "bash", port], input: Array(text.utf8)).standardOutput
  }

  private static func post(_ body: String, _ fields: String = "", version: String = "1.1") -> String {
    "POST /2017/10/CertificateServices HTTP/\(version)\r\nHost: x\r\nContent-Type: text/xml\r\nSOAPAction: getCertificate\r\n\(fields)"
      + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  private static let body = Messages.envelope(Messages.get(id: "1"))

  @Test("Several requests go over one connection, also when they come at once; it closes when the client says so")
  func persistence() async throws {
    try await Workbench.with { bench in
      let answer = try await exchange(
        bench, Self.post(Self.body) + "\r\n" + Self.post("<") + Self.post(Self.body, "Connection: close\r\n") + Self.post(Self.body))
      #expect(answer.matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.1) } == ["200", "500", "200"])
      #expect(answer.matches(of: /Connection: ([a-z-]+)/).map { String($0.1) } == ["keep-alive", "keep-alive", "close"])
      let old = try await exchange(bench, Self.post(Self.body, version: "1.0") + Self.post(Self.body))
      #expect(old.matches(of: /HTTP\/1\.1 200 OK/).count == 1)
      let reused = try await run("curl", ["-s", "-v", bench.base + "/requests/0", bench.base + "/requests/0"])
      #expect(reused.standardError.contains("Re-using existing connection"))
    }
  }

  @Test("A body in chunks is put together, and a client that waits for a go-ahead gets it")
  func chunks() async throws {
    try await Workbench.with { bench in
      let head =
        "POST /2017/10/CertificateServices HTTP/1.1\r\nContent-Type: text/xml\r\nSOAPAction: getCertificate\r\nConnection: close\r\n"
        + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
      var chunks = ""
      var rest = Self.body[...]
      while !rest.isEmpty {
        let piece = rest.prefix(100)
        chunks += "\(String(piece.utf8.count, radix: 16));a=b\r\n\(piece)\r\n"
        rest = rest.dropFirst(100)
      }
      let answer = try await exchange(bench, head + chunks + "0\r\nTrailer: x\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n") && answer.contains("SIM102"))
    }
  }

  @Test(
    "What is no HTTP, or has a length that can be read in two ways, is refused and the connection closed",
    arguments: [
      "hello\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET /\r\n\r\n", "GET http://x/ HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1\r\n folded: x\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
      "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\na",
      "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    ])
  func violations(text: String) async throws {
    try await Workbench.with { bench in
      let answer = try await exchange(bench, text + "GET /still HTTP/1.1\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n") && answer.contains("Connection: close"), "\(answer)")
      #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2)
    }
  }

  @Test("A header without end is refused; a connection that says nothing does no harm")
  func limits() async throws {
    try await Workbench.with { bench in
      let answer = try await exchange(bench, "GET / HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 10_000))
      #expect(answer.hasPrefix("HTTP/1.1 431 "))
      #expect(try await bench.curl(["-s", "-I", bench.base + "/still"]).status == 200)
    }
  }

  @Test("cut-in-header, cut-in-body: half of what was to come, then a closed connection; the request is carried out")
  func cuts() async throws {
    try await Workbench.with { bench in
      try await bench.simulator.perform("fault cut-in-header x1")
      let whole = try await exchange(bench, Self.post(Self.body, "Connection: close\r\n"))
      #expect(whole.hasPrefix("HTTP/1.1 200 OK\r\n") && !whole.contains("\r\n\r\n"))
      try await bench.simulator.perform("order 0123456-7:2:password")
      try await bench.simulator.perform("fault sign-new:cut-in-body x1")
      let cut = try await bench.signNew(id: "2", password: "password")
      let partialFile = 18
      #expect(cut.curlExitCode == partialFile && cut.status == 200 && !cut.body.contains("</SOAP-ENV:Envelope>"))
      #expect(bench.simulator.log().map(\.delivery) == ["cut-in-header", "cut-in-body"])
      #expect(bench.simulator.log().map(\.committed) == [false, true])
    }
  }

  @Test("close-before-commit, empty-200, late-answer: nothing and nothing done; nothing in it; everything, later")
  func others() async throws {
    try await Workbench.with({ $0.lateFor = .milliseconds(50) }) { bench in
      try bench.simulator.set(.closeBeforeCommit, answers: 1)
      let closed = try await bench.signNew()
      #expect(closed.curlExitCode != 0 && closed.head.isEmpty)
      try bench.simulator.set(.empty200, answers: 1)
      let empty = try await bench.signNew()
      #expect(empty.status == 200 && empty.body.isEmpty)
      #expect(try await bench.simulator.isSpent(transferID: Workbench.transferID) == false)
      try bench.simulator.set(.lateAnswer, answers: 1)
      #expect(try await bench.signNew().isOK)
      #expect(bench.simulator.log().map(\.delivery) == ["none", "whole", "late"])
    }
  }
}
