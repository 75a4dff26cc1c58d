public import X509

/// One block of a PEM file (RFC 7468).
public struct PEMBlock: Hashable, Sendable, CustomStringConvertible {
  /// What stands between `-----BEGIN ` and `-----`, for example `CERTIFICATE`.
  public let label: String

  /// The decoded octets. Of a private key, they are the key.
  public let der: [UInt8]

  /// A block of these parts.
  public init(label: String, der: [UInt8]) {
    self.label = label
    self.der = der
  }

  /// The label and the size, never the content.
  public var description: String { "\(label) (\(der.count) octets)" }
}

/// Reads PEM as it occurs in the wild: lines of any length, CR LF or LF, several blocks, any text between them. The base64 inside
/// is read strictly, and so is the DER.
///
/// (The agency's CA certificates are wrapped at 76 columns, which RFC 7468 section 2 does not allow and strict readers refuse.)
public enum PEM {
  /// The largest file that is read, in octets.
  public static let maximumBytes = 1 << 20

  /// The largest number of blocks that is read.
  public static let maximumBlocks = 64

  /// Every block of a file, in order; empty where there is none.
  ///
  /// - Throws: `PEM-SIZE`, `PEM-FRAME` or `PEM-BASE64`. No error repeats what it could not read.
  public static func blocks(in bytes: [UInt8]) throws(CertificateServiceError) -> [PEMBlock] {
    guard bytes.count <= maximumBytes else {
      throw failure(.pemSize, "it has more than \(maximumBytes) octets")
    }
    var blocks: [PEMBlock] = []
    var open: (label: String, content: [UInt8])?
    for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
      let boundary = try boundary(in: line)
      switch (boundary, open) {
      case (.none, .none): continue  // text between the blocks
      case (.none, .some): open?.content.append(contentsOf: line)
      case (.begin(let label), .none): open = (label, [])
      case (.end(let label), .some(let current)) where label == current.label:
        guard let der = Base64.decode(current.content), !der.isEmpty else {
          throw failure(.pemBase64, "block \(blocks.count + 1) (\(label)) is not base64")
        }
        guard blocks.count < maximumBlocks else {
          throw failure(.pemSize, "it has more than \(maximumBlocks) blocks")
        }
        blocks.append(PEMBlock(label: label, der: der))
        open = nil
      case (.begin, .some), (.end, _):
        throw failure(.pemFrame, "block \(blocks.count + 1) does not end with a line that matches its first")
      }
    }
    guard open == nil else {
      throw failure(.pemFrame, "block \(blocks.count + 1) does not end")
    }
    return blocks
  }

  /// Every certificate of a file: PEM blocks labelled `CERTIFICATE`, or else one bare DER certificate.
  ///
  /// Blocks with other labels (a trust bundle may hold a CRL) are passed over, but a private key is refused: a file of
  /// certificates is for everyone to read.
  ///
  /// - Throws: `PEM-PRIVATE-KEY`, `PEM-CERTIFICATE` and what ``blocks(in:)`` throws.
  public static func certificates(in bytes: [UInt8]) throws(CertificateServiceError) -> [Certificate] {
    if bytes.count > 2, bytes[0] == 0x30, bytes[1] > 0x80 {  // a SEQUENCE with a long length: this is not text
      do {
        return [try CertificateDER.parse(bytes)]
      } catch {
        throw failure(.pemCertificate, "\(error)", underlying: error)
      }
    }
    let blocks = try blocks(in: bytes)
    if let key = blocks.first(where: { $0.label.hasSuffix("PRIVATE KEY") }) {
      throw failure(
        .pemPrivateKey, "it holds a private key (\(key.label))",
        hint: "give a file with certificates only, and keep the key out of it")
    }
    var certificates: [Certificate] = []
    for block in blocks where certificateLabels.contains(block.label) {
      do {
        certificates.append(try CertificateDER.parse(block.der))
      } catch {
        throw failure(.pemCertificate, "certificate \(certificates.count + 1) cannot be read: \(error)", underlying: error)
      }
    }
    guard !certificates.isEmpty else {
      throw failure(.pemCertificate, "there is no certificate in it")
    }
    return certificates
  }

  private static let certificateLabels: Set = ["CERTIFICATE", "X509 CERTIFICATE"]

  private enum Boundary {
    case none
    case begin(String)
    case end(String)
  }

  /// Whether a line is a boundary. Spaces and TABs around it are let through.
  private static func boundary(in line: ArraySlice<UInt8>) throws(CertificateServiceError) -> Boundary {
    guard line.count <= 256, line.contains(UInt8(ascii: "-")) else { return .none }
    let blank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    let text = String(decoding: line.drop(while: blank).reversed().drop(while: blank).reversed(), as: UTF8.self)
    guard text.hasPrefix("-----"), text.hasSuffix("-----"), text.count > 10 else { return .none }
    let inner = text.dropFirst(5).dropLast(5)
    let isBegin = inner.hasPrefix("BEGIN ")
    guard isBegin || inner.hasPrefix("END ") else { return .none }
    let label = String(inner.dropFirst(isBegin ? 6 : 4))
    let allowed = label.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || $0 == 0x20 }
    guard allowed, (1...64).contains(label.utf8.count) else {
      throw failure(.pemFrame, "a block has a label that is not capital letters, digits and spaces")
    }
    return isBegin ? .begin(label) : .end(label)
  }

  private static func failure(
    _ rule: ServiceRule, _ message: String, hint: String? = nil, underlying: (any Error)? = nil
  ) -> CertificateServiceError {
    CertificateServiceError(
      code: .invalidInput, rule: rule, operation: "read certificates", message: message, hint: hint, underlying: underlying)
  }
}
