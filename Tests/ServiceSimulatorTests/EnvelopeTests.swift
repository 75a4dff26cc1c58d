import Foundation
import TestSupport
import Testing

@testable import ServiceSimulator

@Suite("The envelope and HTTP")
struct EnvelopeTests {
  private static let payload = Messages.get(id: "1")
  private static let soap = "http://schemas.xmlsoap.org/soap/envelope/"
  private static func envelope(_ content: String, namespace: String = soap) -> String {
    "<s:Envelope xmlns:s=\"\(namespace)\">\(content)</s:Envelope>"
  }

  static let broken: [(name: String, text: String, rule: SimulatorRule, code: String)] = [
    ("nothing", "", .wellFormed, "Client"),
    ("not XML", "hello", .wellFormed, "Client"),
    ("a document type declaration", "<!DOCTYPE x>" + Messages.envelope(payload).dropFirst(39), .wellFormed, "Client"),
    ("no envelope", payload, .envelope, "Client"),
    (
      "SOAP 1.2", envelope("<s:Body>\(payload)</s:Body>", namespace: "http://www.w3.org/2003/05/soap-envelope"), .envelope,
      "VersionMismatch"
    ),
    ("no body", envelope(""), .envelope, "Client"),
    ("a header after the body", envelope("<s:Body>\(payload)</s:Body><s:Header/>"), .envelope, "Client"),
    ("two bodies", envelope("<s:Body>\(payload)</s:Body><s:Body>\(payload)</s:Body>"), .envelope, "Client"),
    ("text in the body", envelope("<s:Body>text\(payload)</s:Body>"), .envelope, "Client"),
    ("an empty body", envelope("<s:Body/>"), .oneBodyChild, "Client"),
    ("two requests", envelope("<s:Body>\(payload)\(payload)</s:Body>"), .oneBodyChild, "Client"),
    ("a response", envelope("<s:Body>\(Messages.element("GetCertificateResponse", ""))</s:Body>"), .oneBodyChild, "Client"),
    (
      "a request in no namespace", envelope("<s:Body><GetCertificateRequest></GetCertificateRequest></s:Body>"), .oneBodyChild, "Client"
    ),
    (
      "a header that must be understood",
      envelope("<s:Header><a s:mustUnderstand=\"1\"/></s:Header><s:Body>\(payload)</s:Body>"), .mustUnderstand, "MustUnderstand"
    ),
  ]

  @Test(
    """
    SOAP-WELL-FORMED, SOAP-ENVELOPE, SOAP-MUST-UNDERSTAND, SOAP-ONE-BODY-CHILD: a broken envelope gets HTTP 500 and a fault that \
    names the rule
    """,
    arguments: broken.indices)
  func brokenEnvelope(_ index: Int) async throws {
    let (name, text, rule, code) = Self.broken[index]
    let reply = try await SchemaBench.post(text, action: "getCertificate")
    #expect(reply.status == 500, "\(name)")
    #expect(reply.value("faultcode") == "SOAP-ENV:\(code)", "\(name)")
    #expect(reply.value("faultstring")?.contains("[\(rule)]") == true, "\(name): \(reply.body)")
  }

  @Test(
    "SOAP-ACTION: the header names the body's operation, quoted or not",
    arguments: [
      ("getCertificate", true), ("\"getCertificate\"", true), ("signNewCertificate", false), ("GetCertificate", false), ("\"\"", false),
      ("\"getCertificate", false), (nil, false),
    ])
  func soapAction(action: String?, isAccepted: Bool) async throws {
    let reply = try await SchemaBench.post(Messages.envelope(Self.payload), action: action)
    #expect(reply.status == (isAccepted ? 200 : 500))
    if !isAccepted { #expect(reply.value("faultstring")?.contains("[SOAP-ACTION]") == true) }
  }

  @Test("A header entry that need not be understood is ignored")
  func ignoredHeader() async throws {
    let reply = try await SchemaBench.post(
      Self.envelope("<s:Header><a/></s:Header><s:Body>\(Self.payload)</s:Body>"), action: "getCertificate")
    #expect(reply.status == 200)
  }

  @Test(
    "Only text/xml in UTF-8 is taken",
    arguments: [
      ("text/xml", 200), ("text/xml;charset=\"UTF-8\"", 200), ("application/soap+xml", 415), ("text/xml; charset=iso-8859-1", 415),
      ("application/x-www-form-urlencoded", 415),
    ])
  func contentType(type: String, status: Int) async throws {
    #expect(try await SchemaBench.post(Messages.envelope(Self.payload), action: "getCertificate", contentType: type).status == status)
  }

  @Test("Other methods and paths are refused")
  func methodsAndPaths() async throws {
    let bench = try await SchemaBench.bench()
    #expect(try await bench.curl(["-s", bench.address]).status == 405)
    #expect(try await bench.curl(["-s", bench.base + "/other"]).status == 404)
    #expect(try await bench.curl(["-s", "-X", "POST", bench.base + "/crl/DataProvidersTestIssuingCAv1.crl"]).status == 405)
    let elsewhere = try await bench.post(Messages.envelope(Self.payload), action: "getCertificate", path: "/2017/10/Other")
    #expect(elsewhere.status == 404)
  }

  @Test(
    "A request that is too large is refused, with and without its length told beforehand",
    arguments: [[], ["-H", "Transfer-Encoding: chunked"]])
  func tooLarge(options: [String]) async throws {
    try await Workbench.with { (bench) async throws in
      for count in [65_536, 3 << 20] {
        // What is too large to be read must not be read as a request of its own either.
        let text = "GET /2017/10/CertificateServices HTTP/1.1\r\n\r\n" + String(repeating: " ", count: count)
        #expect(try await bench.post(text, action: "getCertificate", options: options).status == 413)
      }
      let fits = Messages.envelope(Self.payload)
      #expect(try await bench.post(fits, action: "getCertificate", options: options).status == 200)
      #expect(bench.log.lines.filter { $0.hasPrefix("POST ") }.count == 3 && bench.log.lines.count == 3)
    }
  }

  @Test("A request that does not end is closed without an answer")
  func endless() async throws {
    try await Workbench.with({ $0.maximumRequestBytes = 1_000 }) { (bench) async throws in
      let reply = try await bench.post(String(repeating: " ", count: 400_000), action: "getCertificate")
      #expect(reply.head.isEmpty && bench.log.lines == ["POST /2017/10/CertificateServices -> closed, the request does not end"])
    }
  }

  @Test(
    "SIMULATOR-LOOPBACK-ONLY: it does not listen where others could reach it",
    arguments: ["0.0.0.0", "192.168.1.1", "::", "example.com", ""])
  func loopbackOnly(host: String) {
    var configuration = ServiceSimulator.Configuration()
    configuration.host = host
    #expect { try ServiceSimulator(configuration) } throws: { ($0 as? SimulatorError)?.rule == .loopbackOnly }
  }

  @Test("SIMULATOR-CONFIGURATION: a value beyond its limits is refused before anything listens")
  func configuration() {
    let changes: [(inout ServiceSimulator.Configuration) -> Void] = [
      { $0.certificateLifetimeDays = 0 }, { $0.certificateLifetimeDays = 7301 }, { $0.renewalWindowDays = -1 },
      { $0.notReadyFor = .seconds(-1) }, { $0.maximumRequestBytes = 0 }, { $0.defaultCustomerName = "" },
      { $0.errorCodes = [.notReady: String(repeating: "x", count: 17)] },
    ]
    for (number, change) in changes.enumerated() {
      var configuration = ServiceSimulator.Configuration()
      change(&configuration)
      let error = #expect(throws: SimulatorError.self, "change \(number)") { try ServiceSimulator(configuration) }
      #expect(error?.rule == .configuration, "change \(number)")
    }
  }

  @Test("It listens on IPv6's loopback address too")
  func loopbackVersion6() async throws {
    try await Workbench.with({ $0.host = "::1" }) { bench in
      #expect(bench.address.hasPrefix("http://[::1]:"))
      let reply = try await bench.get("nothing")
      #expect(reply.status == 200)
    }
  }

  @Test("SIMULATOR-LISTENING: a port that is taken is an error, and a stopped simulator frees its own")
  func takenPort() async throws {
    try await Workbench.with { bench in
      let port = UInt16(bench.base.split(separator: ":").last ?? "") ?? 0
      var configuration = ServiceSimulator.Configuration()
      configuration.keys = try Workbench.keys.get()
      configuration.port = port
      let second = try ServiceSimulator(configuration)
      await #expect { try await second.start() } throws: { ($0 as? SimulatorError)?.rule == .listening }
      await bench.simulator.stop()
      try await second.start()
      await second.stop()
      #expect(second.endpoint == nil)
    }
  }
}
