import PKCS11
import StrictYAML

/// What stands in a configuration file, and nothing else: no defaults, no environment.
struct ConfigurationFile: Sendable {
  struct Token: Sendable {
    var module: String?
    var moduleOwner: String?
    var moduleSHA256: String?
    var uri: String?
    var pinSource: String?
    var pinMemory: String?
    var sessions: Int?
    var deadline: Duration?
    var keyGenerationDeadline: Duration?
    var initializationString: String?
  }

  /// What new keys must be.
  struct Policy: Sendable {
    var profile: String?
    /// Rules that are overlooked, with the reason.
    var waivers: [(rule: String, reason: String)] = []
  }

  struct Service: Sendable {
    var environment: String?
    var endpoint: String?
    var tlsCA: String?
    var responseCA: [String]?
    var issuerCA: [String]?
    var firstWait: Duration?
    var pollInterval: Duration?
    var giveUpAfter: Duration?
    var timeout: Duration?
    var proxy: String?
    var plainHTTPToLoopback: Bool?
    var renewalTransforms: String?
    var permanentCodes: [String]?
    var allowedIssuers: [String]?
    var revocation: String?
    /// Files and addresses.
    var revocationLists: [String]?
    var testBench: Bool?
    var notReadyCodes: [String]?
    var pollJitter: Duration?
    var uncertainRenewal: String?
  }

  struct Audit: Sendable {
    var auditorKey: String?
  }

  struct Certificate: Sendable {
    var name: String
    var customerID: String
    var customerName: String?
    var algorithm: String?
    var certificateFile: String?
    var afterChange: [String]?
    var consumers: [Consumer] = []
  }

  /// A server at which a certificate is used, and where it can be proved to be accepted.
  struct Consumer: Sendable {
    var name: String
    var address: String
    var tlsCA: String?
    /// Where its clients read the certificate that it accepts.
    var certificateFile: String?
    var afterChange: [String]?
  }

  /// The file this was read from; nil when there is none.
  var path: String?
  var token = Token()
  var policy = Policy()
  var state: String?
  var trustFolder: String?
  var trustPins: String?
  var renewalSpread: Duration?
  var service = Service()
  var audit = Audit()
  var certificates: [Certificate] = []

  init() {}

  /// The largest configuration file, in bytes: tens of thousands of certificates.
  static let maximumSize = 4 << 20

  /// Parses a file's text; every key that is not known is an error.
  init(parsing text: String, file: String) throws {
    do {
      try self.init(try StrictMapping(parsing: text, file: file, limits: .init(size: Self.maximumSize)), file: file)
    } catch let error as YAMLError {
      throw CommandError(error)
    }
  }

  private init(_ root: StrictMapping, file: String) throws {
    path = file
    try root.allow(["token", "state", "trust-folder", "trust-pins", "service", "audit", "certificates", "policy", "renewal-spread"])
    state = try root.file("state")
    trustFolder = try root.file("trust-folder")
    trustPins = try root.file("trust-pins")
    renewalSpread = try root.duration("renewal-spread")
    if let section = try root.section("token") {
      token = try Token(section)
      // A PIN file, too, is meant from here.
      if let pinSource = token.pinSource, pinSource.hasPrefix("file:") {
        token.pinSource = "file:" + Self.resolve(String(pinSource.dropFirst("file:".count)), besides: file)
      }
    }
    if let section = try root.section("policy") { policy = try Policy(section) }
    if let section = try root.section("service") { service = try Service(section) }
    if let section = try root.section("audit") {
      try section.allow(["auditor-key"])
      audit.auditorKey = try section.file("auditor-key")
    }
    if let section = try root.section("certificates") {
      certificates = try section.sections().map { name, entry in
        guard !name.isEmpty, !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
          throw section.refusal(name, "is no name for a certificate: it is empty or has control characters")
        }
        return try Certificate(name, entry)
      }
    }
  }

  /// A path as a configuration file means it: from the file's own folder, wherever the tool runs. A `pkcs11:` text is no path: it stays as
  /// it is, to be refused.
  static func resolve(_ path: String, besides file: String) -> String {
    guard !path.hasPrefix("/"), !PKCS11URI.begins(path), let slash = file.lastIndex(of: "/") else { return path }
    return file[...slash] + path
  }
}

extension ConfigurationFile.Token {
  fileprivate init(_ section: StrictMapping) throws {
    try section.allow([
      "module", "module-owner", "module-sha256", "uri", "pin-source", "pin-memory", "sessions", "deadline", "key-generation-deadline",
      "initialization-string",
    ])
    module = try section.string("module")
    moduleOwner = try section.string("module-owner")
    moduleSHA256 = try section.string("module-sha256")
    uri = try section.string("uri")
    pinSource = try section.string("pin-source")
    pinMemory = try section.file("pin-memory")
    sessions = try section.number("sessions", in: 1...1024)
    deadline = try section.duration("deadline")
    keyGenerationDeadline = try section.duration("key-generation-deadline")
    for (key, duration) in [("deadline", deadline), ("key-generation-deadline", keyGenerationDeadline)] {
      if let duration, duration < .seconds(1) { throw section.refusal(key, "must be at least 1s") }
    }
    initializationString = try section.string("initialization-string")
  }
}

extension ConfigurationFile.Policy {
  fileprivate init(_ section: StrictMapping) throws {
    try section.allow(["profile", "waivers"])
    profile = try section.string("profile")
    if let waived = try section.section("waivers") {
      waivers = try waived.names.map { rule in
        guard let reason = try waived.string(rule) else { throw waived.refusal(rule, "has no reason") }
        return (rule, reason)
      }
    }
  }
}

extension ConfigurationFile.Service {
  fileprivate init(_ section: StrictMapping) throws {
    try section.allow([
      "environment", "endpoint", "tls-ca", "response-ca", "issuer-ca", "first-wait", "poll-interval", "give-up-after", "timeout", "proxy",
      "plain-http-to-loopback", "renewal-transforms", "permanent-codes", "allowed-issuers", "revocation", "revocation-lists", "test-bench",
      "not-ready-codes", "poll-jitter", "uncertain-renewal",
    ])
    environment = try section.string("environment")
    if let environment, !["test", "production"].contains(environment) {
      throw section.refusal("environment", "must be test or production")
    }
    endpoint = try section.string("endpoint")
    tlsCA = try section.file("tls-ca")
    responseCA = try section.files("response-ca")
    issuerCA = try section.files("issuer-ca")
    firstWait = try section.duration("first-wait")
    pollInterval = try section.duration("poll-interval")
    if let pollInterval, pollInterval < .seconds(1) { throw section.refusal("poll-interval", "must be at least 1s") }
    giveUpAfter = try section.duration("give-up-after")
    timeout = try section.duration("timeout")
    if let timeout, timeout < .seconds(1) { throw section.refusal("timeout", "must be at least 1s") }
    proxy = try section.string("proxy")
    plainHTTPToLoopback = try section.bool("plain-http-to-loopback")
    renewalTransforms = try section.string("renewal-transforms")
    if let renewalTransforms, !["enveloped-and-exclusive", "enveloped"].contains(renewalTransforms) {
      throw section.refusal("renewal-transforms", "must be enveloped-and-exclusive or enveloped")
    }
    permanentCodes = try section.strings("permanent-codes")
    allowedIssuers = try section.strings("allowed-issuers")
    notReadyCodes = try section.strings("not-ready-codes")
    pollJitter = try section.duration("poll-jitter")
    uncertainRenewal = try section.string("uncertain-renewal")
    if let uncertainRenewal, !["ask", "repeat"].contains(uncertainRenewal) {
      throw section.refusal("uncertain-renewal", "must be ask or repeat")
    }
    try readRevocation(section)
    testBench = try section.bool("test-bench")
    if testBench == true, environment != "test" {
      throw section.refusal("test-bench", "goes with environment: test only; the agency's test bench issues nothing for production")
    }
  }
}

extension ConfigurationFile.Service {
  fileprivate mutating func readRevocation(_ section: StrictMapping) throws {
    revocation = try section.string("revocation")
    if let revocation, !["off", "warn", "enforce"].contains(revocation) {
      throw section.refusal("revocation", "must be off, warn or enforce")
    }
    // An address stays as it is; a file is meant from the configuration's folder.
    let isAddress = { (text: String) in text.contains("://") }
    let paths = try section.files("revocation-lists") ?? []
    revocationLists = try section.strings("revocation-lists").map { zip($0, paths).map { isAddress($0) ? $0 : $1 } }
    if revocation != nil, revocation != "off", revocationLists?.isEmpty ?? true {
      throw section.refusal("revocation", "needs revocation-lists: files or addresses of the issuing authorities' lists")
    }
  }
}

extension ConfigurationFile.Certificate {
  fileprivate init(_ name: String, _ section: StrictMapping) throws {
    try section.allow(["customer-id", "customer-name", "algorithm", "certificate-file", "after-change", "consumers"])
    self.name = name
    guard let customerID = try section.string("customer-id") else { throw section.refusal("customer-id", "is missing") }
    self.customerID = customerID
    customerName = try section.string("customer-name")
    algorithm = try section.string("algorithm")
    certificateFile = try section.file("certificate-file")
    afterChange = try section.program("after-change")
    consumers = try section.sections("consumers")?.map { try ConfigurationFile.Consumer($0) } ?? []
    guard Set(consumers.map(\.name)).count == consumers.count else { throw section.refusal("consumers", "has two of one name") }
  }
}

extension ConfigurationFile.Consumer {
  fileprivate init(_ section: StrictMapping) throws {
    try section.allow(["name", "address", "tls-ca", "certificate-file", "after-change"])
    guard let name = try section.string("name"), !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw section.refusal("name", "is missing, or has control characters")
    }
    guard let address = try section.string("address") else { throw section.refusal("address", "is missing") }
    self.name = name
    self.address = address
    tlsCA = try section.file("tls-ca")
    certificateFile = try section.file("certificate-file")
    afterChange = try section.program("after-change")
  }
}

extension StrictMapping {
  /// A program with its arguments.
  fileprivate func program(_ key: String) throws -> [String]? {
    let words = try strings(key)
    if let program = words?.first, !program.hasPrefix("/") {
      throw refusal(key, "must begin with the absolute path of a program; it runs without a shell")
    }
    return words
  }
}
