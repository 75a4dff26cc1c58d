public import X509

/// The fingerprints that authorities are held against: the built-in ones, or those of a file, which replace them all.
///
/// A file of pins is text, one authority a line:
///
/// ```
/// hsmkey-pins 1
/// # environment role sha256 common name
/// test root 45bb8ef7054693f88c48991589116b2f4f685bf3166933f4248632a47ec102d4 Verohallinto Root Test CA v1
/// ```
public struct AuthorityPins: Hashable, Sendable {
  /// The built-in ones.
  public static let published = AuthorityPins(authorities: PublishedAuthority.all, file: nil)

  /// The largest file that is read, in octets.
  public static let maximumBytes = 1 << 16

  /// What the first line of a file is.
  public static let header = "hsmkey-pins 1"

  /// The authorities that are pinned.
  public let authorities: [PublishedAuthority]

  /// The file that they come from; nil for the built-in ones.
  public let file: String?

  private init(authorities: [PublishedAuthority], file: String?) {
    self.authorities = authorities
    self.file = file
  }

  /// Reads a file of pins, strictly: what is not exactly right is refused, with its line.
  ///
  /// - Throws: `TRUST-PINS-FILE`.
  public init(parsing bytes: [UInt8], file: String) throws(CertificateServiceError) {
    func refusal(_ message: String, line: Int? = nil) -> CertificateServiceError {
      CertificateServiceError(
        code: .invalidInput, rule: .trustPinsFile, operation: "read the pins in \(file)",
        message: line.map { "line \($0): \(message)" } ?? message,
        hint: "a file to begin with is written by: hsmkey trust list --pins")
    }
    guard bytes.count <= Self.maximumBytes else { throw refusal("it has more than \(Self.maximumBytes) octets") }
    guard let text = String(validating: bytes, as: UTF8.self), !text.contains("\r") else {
      throw refusal("it is not UTF-8 text with plain line ends")
    }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first.map(String.init) == Self.header else { throw refusal("the first line must be: \(Self.header)", line: 1) }
    var authorities: [PublishedAuthority] = []
    for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty && !line.hasPrefix("#") {
      let fields = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 4, !fields[3].isEmpty, fields[3] == SafeText.oneLine(fields[3], limit: 100) else {
        throw refusal("it must be: environment role sha256 common name, with one space between them", line: index + 1)
      }
      guard let environment = ServiceEnvironment(name: fields[0]) else {
        throw refusal("the environment must be test or production", line: index + 1)
      }
      guard let role = PublishedAuthority.Role.allCases.first(where: { $0.rawValue == fields[1] }) else {
        throw refusal(
          "the role must be one of \(PublishedAuthority.Role.allCases.map(\.rawValue).joined(separator: ", "))", line: index + 1)
      }
      guard let sha256 = Self.fingerprint(fields[2]) else {
        throw refusal("the fingerprint must be 64 hexadecimal digits", line: index + 1)
      }
      guard !authorities.contains(where: { $0.sha256 == sha256 }) else {
        throw refusal("the fingerprint stands in an earlier line already", line: index + 1)
      }
      authorities.append(PublishedAuthority(commonName: fields[3], environment: environment, role: role, sha256: sha256))
    }
    guard !authorities.isEmpty else { throw refusal("it pins nothing") }
    self.init(authorities: authorities, file: file)
  }

  /// The authority that a certificate is; nil for one that is not pinned.
  public func authority(of certificate: Certificate) throws -> PublishedAuthority? {
    let sha256 = try PublishedAuthority.fingerprint(of: certificate)
    return authorities.first { $0.sha256 == sha256 }
  }

  /// The same as a file, which ``init(parsing:file:)`` reads.
  public var text: String {
    let lines = authorities.map { "\($0.environment) \($0.role) \($0.sha256) \($0.commonName)" }
    let comments = file == nil ? PublishedAuthority.provenance.map { "# \($0)" } : []
    return ([Self.header] + comments + ["# environment role sha256 common name"] + lines).joined(separator: "\n")
  }

  /// A SHA-256 as people write it: 64 hexadecimal digits in either case, also with colons between the octets as OpenSSL shows it.
  ///
  /// - Returns: the digits in lower case; nil where it is none.
  public static func fingerprint(_ text: String) -> String? {
    var digits = Array(text.utf8)
    if digits.count == 95 {
      guard stride(from: 2, to: 95, by: 3).allSatisfy({ digits[$0] == UInt8(ascii: ":") }) else { return nil }
      digits.removeAll { $0 == UInt8(ascii: ":") }
    }
    guard digits.count == 64 else { return nil }
    let hexadecimal = digits.allSatisfy { digit in
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
      default: false
      }
    }
    return hexadecimal ? String(decoding: digits, as: UTF8.self).lowercased() : nil
  }
}
