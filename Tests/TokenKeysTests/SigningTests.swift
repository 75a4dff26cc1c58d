import Crypto
import CryptoExtras
import Foundation
import PKCS11
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import TokenKeys

@Suite("Signing", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct SigningTests {
  private func opensslVerifies(_ signature: [UInt8], _ message: [UInt8], _ key: TokenKey, _ digest: String) async throws -> Bool {
    let folder = try TemporaryFolder()
    let publicKey = try folder.write(key.publicKey.serializeAsPEM().pemString.utf8, to: "key.pem")
    let signatureFile = try folder.write(signature, to: "signature")
    return try await run("openssl", ["dgst", digest, "-verify", publicKey, "-signature", signatureFile], input: message).succeeded
  }

  @Test("An algorithm that does not fit the key is refused before the token is asked, with those that do in the hint")
  func wrongAlgorithm() async throws {
    let rsa = try await SharedKeys.rsa
    let p256 = try await SharedKeys.p256
    let wrong: [(TokenKey, Certificate.SignatureAlgorithm)] = [
      (p256, .ecdsaWithSHA384), (p256, .ecdsaWithSHA512), (p256, .sha256WithRSAEncryption), (rsa, .ecdsaWithSHA256),
      (rsa, .sha1WithRSAEncryption),
    ]
    for (key, algorithm) in wrong {
      let error = try await tokenKeysError {
        try await key.privateKey.signAsynchronously(bytes: [1, 2, 3] as [UInt8], signatureAlgorithm: algorithm)
      }
      #expect(error.code == .algorithmMismatch)
      #expect(error.hint?.isEmpty == false)
    }
    let error = try await tokenKeysError {
      try await p256.privateKey.signAsynchronously(bytes: [1] as [UInt8], signatureAlgorithm: .ecdsaWithSHA384)
    }
    #expect(error.hint?.contains("ecdsa-sha256") == true)
  }

  @Test("An algorithm that does not fit is refused without the token: also when the connection is closed already")
  func wrongAlgorithmNeedsNoToken() async throws {
    let keys = try await TokenKeysBench().keys()
    let key = try await keys.generate(.ecdsaP256, named: "key")
    try await keys.close()
    let mismatch = try await tokenKeysError {
      try await key.privateKey.signAsynchronously(bytes: [1] as [UInt8], signatureAlgorithm: .ecdsaWithSHA384)
    }
    #expect(mismatch.code == .algorithmMismatch)
    let closed = try await #require(throws: PKCS11Error.self) {
      _ = try await key.privateKey.signAsynchronously(bytes: [1] as [UInt8], signatureAlgorithm: .ecdsaWithSHA256)
    }
    #expect(closed.message == "the connection to the token has been closed")
  }

  @Test("KEY-VERIFY-AFTER-SIGN: a signature with one wrong bit, over something else, or of the wrong length is refused")
  func verifyAfterSign() async throws {
    let message = Array("payroll".utf8)
    for key in [try await SharedKeys.rsa, try await SharedKeys.p256] {
      let parts = key.parts
      let algorithm = key.algorithm.signatureAlgorithms[0]
      let raw = try await key.keys.perform(isRepeatable: true) { try $0.sign(message, with: parts, algorithm: algorithm) }
      _ = try parts.verified(raw, of: message, algorithm: algorithm)
      var flipped = raw
      flipped[raw.count - 1] ^= 1
      for (signature, text) in [(flipped, message), (raw, message + [0]), (Array(raw.dropLast()), message), ([], message)] {
        let error = try #require(#expect(throws: TokenKeysError.self) { try parts.verified(signature, of: text, algorithm: algorithm) })
        #expect(error.rule == .verifyAfterSign)
      }
    }
  }

  @Test("ECDSA signatures are minimal DER whatever r and s begin with")
  func minimalDER() async throws {
    let key = try await SharedKeys.p256
    let count = 600
    let parts = key.parts
    let signatures = try await key.keys.perform(isRepeatable: true) { connection in
      try (0..<count).map { number in
        let message = Array("message \(number)".utf8)
        return try parts.verified(connection.sign(message, with: parts, algorithm: .ecdsaSHA256), of: message, algorithm: .ecdsaSHA256)
          .encodedRepresentation
      }
    }
    var lengths: [Int: Int] = [:]
    for (number, signature) in signatures.enumerated() {
      let numbers = try Self.minimalIntegers(signature)
      #expect(numbers.allSatisfy { (1...32).contains($0.count) })
      for value in numbers { lengths[value.count, default: 0] += 1 }
      // Those that are short are the ones that a careless conversion gets wrong.
      if number < 5 || numbers.contains(where: { $0.count < 32 }) {
        #expect(try await opensslVerifies(signature, Array("message \(number)".utf8), key, "-sha256"))
      }
    }
    #expect(lengths.values.reduce(0, +) == 2 * count)
    #expect((lengths[32] ?? 0) > count)
  }

  /// r and s without sign octets, read by hand: `SEQUENCE { INTEGER, INTEGER }`, nothing in excess.
  private static func minimalIntegers(_ der: [UInt8]) throws -> [ArraySlice<UInt8>] {
    try #require(der.count >= 8 && der.count <= 72 && der[0] == 0x30 && Int(der[1]) == der.count - 2)
    var rest = der[2...]
    var numbers: [ArraySlice<UInt8>] = []
    while !rest.isEmpty {
      try #require(rest.count > 2 && rest.first == 0x02)
      let length = Int(rest[rest.startIndex + 1])
      let value = rest.dropFirst(2).prefix(length)
      try #require(value.count == length && length > 0)
      let first = try #require(value.first)
      #expect(first & 0x80 == 0, "not negative")
      if length > 1, first == 0 { #expect(value[value.startIndex + 1] & 0x80 != 0, "no zero in excess") }
      numbers.append(first == 0 ? value.dropFirst() : value)
      rest = rest.dropFirst(2 + length)
    }
    try #require(numbers.count == 2)
    return numbers
  }

  @Test("Many tasks sign at once with two keys, and every signature is right")
  func concurrently() async throws {
    let rsa = try await SharedKeys.rsa
    let p256 = try await SharedKeys.p256
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<50 {
        group.addTask {
          let key = number.isMultiple(of: 2) ? rsa : p256
          let message = Array("message \(number)".utf8)
          let signature = try await key.privateKey.signAsynchronously(bytes: message, signatureAlgorithm: key.defaultSignatureAlgorithm)
          return key.publicKey.isValidSignature(
            signature.rawRepresentation, for: message, signatureAlgorithm: key.defaultSignatureAlgorithm)
        }
      }
      for try await isValid in group { #expect(isValid) }
    }
  }

  @Test("X509's synchronous signing works from a thread that is nobody's task")
  func synchronously() async throws {
    let key = try await SharedKeys.p256
    let message = Array("blocking".utf8)
    let signature = try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        continuation.resume(with: Result { try key.signSynchronously(bytes: message, signatureAlgorithm: .ecdsaWithSHA256) })
      }
    }
    #expect(key.publicKey.isValidSignature(signature.rawRepresentation, for: message, signatureAlgorithm: .ecdsaWithSHA256))
  }

  @Test("A certificate request is signed by the key and verified by openssl, for RSA and EC")
  func certificateRequests() async throws {
    for key in [try await SharedKeys.rsa, try await SharedKeys.p256] {
      let subject = try DistinguishedName {
        CountryName("FI")
        OrganizationName("Ab Demo Oy")
        CommonName("0123456-7")
      }
      let request = try await CertificateSigningRequest(for: key, subject: subject)
      #expect(request.publicKey == key.publicKey)
      let folder = try TemporaryFolder()
      let file = try folder.write(request.serializeAsPEM().pemString.utf8, to: "request.pem")
      let result = try await run("openssl", ["req", "-in", file, "-verify", "-noout", "-subject"])
      #expect(result.succeeded, "\(result.standardError)")
      #expect((result.standardOutput + result.standardError).contains("verify OK"))
      #expect(result.standardOutput.contains("CN = 0123456-7"))
    }
  }

  @Test("The private key cannot be exported, in any of X509's ways")
  func export() async throws {
    let key = try await SharedKeys.p256
    #expect(throws: TokenKeysError.self) { try key.privateKey.serializeAsPEM() }
    #expect(throws: TokenKeysError.self) { try key.serializeAsPEM() }
    #expect(throws: TokenKeysError.self) {
      var serializer = DER.Serializer()
      try key.serialize(into: &serializer)
    }
  }

  @Test("A key that another process destroys is not found at the next signature; the connection and the other keys go on")
  func destroyedElsewhere() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let doomed = try await keys.generate(.ecdsaP256, named: "doomed")
    let other = try await keys.generate(.ecdsaP256, named: "other")
    _ = try await doomed.privateKey.signAsynchronously(bytes: [1] as [UInt8], signatureAlgorithm: .ecdsaWithSHA256)
    for type in ["privkey", "pubkey"] {
      let result = try await bench.tool(["--delete-object", "--type", type, "--label", "doomed"])
      #expect(result.succeeded, "\(result.standardError)")
    }
    let error = try await tokenKeysError {
      try await doomed.privateKey.signAsynchronously(bytes: [1] as [UInt8], signatureAlgorithm: .ecdsaWithSHA256)
    }
    #expect(error.code == .keyNotFound)
    #expect(error.operation.contains(doomed.identifier.hexadecimal))
    _ = try await other.privateKey.signAsynchronously(bytes: [1] as [UInt8], signatureAlgorithm: .ecdsaWithSHA256)
  }

  @Test("A session that an operation left half done is replaced, and the login lives on")
  func poisonedSession() async throws {
    let bench = try TokenKeysBench()
    let keys = try await bench.keys()
    let key = try await keys.generate(.ecdsaP256, named: "key")
    let identifier = key.identifier
    // RSA on a key that is none: C_SignInit succeeds on this token, C_Sign does not.
    await #expect(throws: PKCS11Error.self) {
      try await keys.perform(isRepeatable: true) { connection in
        try connection.withPrivateKey(identifier) { session, handle in
          _ = try session.sign([UInt8](repeating: 1, count: 32), with: .rsaPKCS, key: handle, maximumSignatureSize: 256)
        }
      }
    }
    #expect(try await keys.perform(isRepeatable: true) { try $0.reading { $0.isPoisoned } } == false)
    _ = try await key.privateKey.signAsynchronously(bytes: [1] as [UInt8], signatureAlgorithm: .ecdsaWithSHA256)
    #expect(try await keys.keys().count == 1, "private objects are seen, so the login lives")
  }

  @Test("A connection ends with the last value made from it, and with it the login")
  func letGo() async throws {
    let bench = try TokenKeysBench()
    var key: TokenKey? = try await bench.keys().generate(.ecdsaP256, named: "key")
    _ = try await key?.privateKey.signAsynchronously(bytes: [1] as [UInt8], signatureAlgorithm: .ecdsaWithSHA256)
    key = nil
    // Without a login, private keys cannot be seen. The thread closes its session in its own time.
    while try Self.seesPrivateKeys(bench) { try await Task.sleep(for: .milliseconds(5)) }
  }

  private static func seesPrivateKeys(_ bench: TokenKeysBench) throws -> Bool {
    var session = try bench.token.openSession(.readOnly)
    return try !session.findObjects(matching: [Attribute(.objectClass, ObjectClass.privateKey)]).isEmpty
  }
}
