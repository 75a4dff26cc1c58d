import Crypto
import CryptoExtras
import Foundation
import HTTPSTransport
import Synchronization
import TestSupport
import Testing

/// A client whose key is in software and notes what it was asked to sign: what a token does in earnest.
final class SoftwareClient: Sendable {
  let certificates: [[UInt8]]
  let schemes: [SignatureScheme]
  private let key: Key
  private let noted = Mutex<[SigningRequest]>([])

  private enum Key: Sendable {
    case rsa(_RSA.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case p521(P521.Signing.PrivateKey)
  }

  /// What was asked for so far.
  var requests: [SigningRequest] { noted.withLock { $0 } }

  /// A certificate of this authority's, with a key of this kind: `rsa:2048`, `P-256` …
  init(_ authority: NginxAuthority, named name: String = "client", key kind: String = "P-256", days: Int = 2) async throws {
    let (certificate, key) = try await authority.client(named: name, key: kind, days: days)
    certificates = [try Self.der(certificate)]
    let pem = try String(contentsOfFile: key, encoding: .utf8)
    switch kind {
    case "P-256": (self.key, schemes) = (.p256(try .init(pemRepresentation: pem)), [.ecdsaSHA256])
    case "P-384": (self.key, schemes) = (.p384(try .init(pemRepresentation: pem)), [.ecdsaSHA384])
    case "P-521": (self.key, schemes) = (.p521(try .init(pemRepresentation: pem)), [.ecdsaSHA512])
    default:
      self.key = .rsa(try .init(pemRepresentation: pem))
      schemes = [.rsaPSSSHA256, .rsaPSSSHA384, .rsaPSSSHA512, .rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512]
    }
  }

  /// As a client shows itself, with all of its schemes or with these.
  func identity(_ schemes: [SignatureScheme]? = nil, certificates: [[UInt8]]? = nil) -> ClientIdentity {
    ClientIdentity(certificateChain: certificates ?? self.certificates, schemes: schemes ?? self.schemes) { try self.sign($0) }
  }

  static func der(_ path: String) throws -> [UInt8] {
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("-----") }
    return Array(try #require(Data(base64Encoded: lines.joined())))
  }

  private func sign(_ request: SigningRequest) throws -> [UInt8] {
    noted.withLock { $0.append(request) }
    return switch (key, request.scheme) {
    case (.rsa(let key), .rsaPSSSHA256): Array(try key.signature(for: SHA256.hash(data: request.message), padding: .PSS).rawRepresentation)
    case (.rsa(let key), .rsaPSSSHA384): Array(try key.signature(for: SHA384.hash(data: request.message), padding: .PSS).rawRepresentation)
    case (.rsa(let key), .rsaPSSSHA512): Array(try key.signature(for: SHA512.hash(data: request.message), padding: .PSS).rawRepresentation)
    case (.rsa(let key), .rsaPKCS1SHA256):
      Array(try key.signature(for: SHA256.hash(data: request.message), padding: .insecurePKCS1v1_5).rawRepresentation)
    case (.rsa(let key), .rsaPKCS1SHA384):
      Array(try key.signature(for: SHA384.hash(data: request.message), padding: .insecurePKCS1v1_5).rawRepresentation)
    case (.rsa(let key), .rsaPKCS1SHA512):
      Array(try key.signature(for: SHA512.hash(data: request.message), padding: .insecurePKCS1v1_5).rawRepresentation)
    case (.p256(let key), .ecdsaSHA256): Array(try key.signature(for: request.message).derRepresentation)
    case (.p384(let key), .ecdsaSHA384): Array(try key.signature(for: request.message).derRepresentation)
    case (.p521(let key), .ecdsaSHA512): Array(try key.signature(for: request.message).derRepresentation)
    default: throw NoSuchSignature(scheme: request.scheme)
    }
  }
}

struct NoSuchSignature: Error {
  let scheme: SignatureScheme
}
