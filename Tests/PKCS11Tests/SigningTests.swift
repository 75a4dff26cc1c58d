import Foundation
import PKCS11
import TestSupport
import Testing

@Suite("Signatures", .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
struct SigningTests {
  /// One RSA key for the suite: it takes a quarter of a second to make.
  private struct RSA {
    let testbed: TokenTestbed
    let pair: KeyPairHandles
    /// Handles of token objects hold as long as the login does, and that as long as a session does.
    let anchor: SessionBox
  }

  private final class SessionBox: Sendable {
    private let session: Session
    init(_ session: consuming Session) { self.session = session }
  }

  private static let rsa = Result {
    let testbed = try TokenTestbed()
    var session = try testbed.session()
    let pair = try makeRSAKey(&session)
    return RSA(testbed: testbed, pair: pair, anchor: SessionBox(session))
  }

  @Test("a P-256 signature of the token is 64 bytes and verifies on the token; another one does not, and the session lives on")
  func p256() throws {
    var session = try TokenTestbed().session()
    let pair = try makeP256Key(&session)
    let digest = [UInt8](repeating: 7, count: 32)
    let signature = try session.sign(digest, with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64)
    #expect(signature.count == 64)
    try session.verify(signature: signature, of: digest, with: .ecdsa, key: pair.publicKey)
    var changed = signature
    changed[10] ^= 1
    for (bad, answers) in [(changed, [ReturnValue.signatureInvalid]), (Array(signature.dropLast()), [.signatureLengthRange])] {
      do {
        try session.verify(signature: bad, of: digest, with: .ecdsa, key: pair.publicKey)
        Issue.record("a wrong signature passed")
      } catch {
        #expect(answers.contains(try #require(error.returnValue)))
      }
      expectPoisoned(session, false)
    }
    try session.verify(signature: signature, of: digest, with: .ecdsa, key: pair.publicKey)
    try session.close()
  }

  @Test(
    "signatures of RSA keys verify with openssl",
    arguments: [
      (Mechanism.sha256RSAPKCS, ["-sha256"]), (.sha384RSAPKCS, ["-sha384"]), (.sha512RSAPKCS, ["-sha512"]),
      (.hashingRSAPKCSPSS(hash: .sha256), ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"]),
      (.hashingRSAPKCSPSS(hash: .sha512, saltLength: 20), ["-sha512", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"]),
    ])
  func rsaWithOpenSSL(_ mechanism: Mechanism, _ options: [String]) async throws {
    let rsa = try Self.rsa.get()
    let data = [UInt8]("what is signed".utf8)
    let signature = try Self.signature(rsa, data, mechanism)
    #expect(signature.count == 256)
    let folder = try TemporaryFolder()
    let key = try folder.write(try Self.publicKeyPEM(rsa).utf8, to: "key.pem")
    let verified = try await run(
      "openssl",
      ["dgst"] + options + ["-verify", key, "-signature", try folder.write(signature, to: "signature"), try folder.write(data, to: "data")])
    #expect(verified.succeeded, "\(verified.standardOutput)\(verified.standardError)")
  }

  private static func signature(_ rsa: RSA, _ data: [UInt8], _ mechanism: Mechanism) throws -> [UInt8] {
    var session = try rsa.testbed.token.openSession(.readOnly)
    return try session.sign(data, with: mechanism, key: rsa.pair.privateKey, maximumSignatureSize: 256)
  }

  /// The public key as openssl reads it: a SubjectPublicKeyInfo, put together from modulus and exponent.
  private static func publicKeyPEM(_ rsa: RSA) throws -> String {
    var session = try rsa.testbed.token.openSession(.readOnly)
    let values = try session.attributes([.modulus, .publicExponent], of: rsa.pair.publicKey)
    let numbers = try [#require(values.bytes(.modulus)), #require(values.bytes(.publicExponent))].flatMap { der(0x02, [0] + $0) }
    let algorithm = der(0x30, [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00])
    let information = der(0x30, algorithm + der(0x03, [0] + der(0x30, numbers)))
    return "-----BEGIN PUBLIC KEY-----\n"
      + Data(information).base64EncodedString(options: .lineLength64Characters) + "\n-----END PUBLIC KEY-----\n"
  }

  private static func der(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    let length: [UInt8] = content.count < 128 ? [UInt8(content.count)] : [0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)]
    return [tag] + length + content
  }

  @Test("PKCS11-CALL: data too long for the key are refused and poison the session")
  func tooLong() throws {
    let rsa = try Self.rsa.get()
    var session = try rsa.testbed.token.openSession(.readOnly)
    do {
      // A signature size that is larger than the key's hides from us how long the data may be.
      _ = try session.sign([UInt8](repeating: 1, count: 300), with: .rsaPKCS, key: rsa.pair.privateKey, maximumSignatureSize: 512)
      Issue.record("300 bytes went into 256")
    } catch {
      // The standard says CKR_DATA_LEN_RANGE; SoftHSM 2.6.1 says CKR_GENERAL_ERROR.
      #expect([.dataLengthRange, .generalError].contains(error.returnValue))
      #expect(error.function == "C_Sign")
    }
    expectPoisoned(session)
  }

  @Test(
    "SIGNATURE-INPUT: what the mechanism cannot take is refused before the token is asked, and the session lives on",
    arguments: [
      (Mechanism.ecdsa, 64, [0, 1, 19, 33, 64, 4096]), (.ecdsa, 96, [0, 19, 49]), (.ecdsa, 132, [0, 19, 65]),
      (.rsaPKCS, 256, [0, 246, 256, 300]), (.rsaPKCSPSS(hash: .sha256), 256, [0, 31, 33, 64]), (.rsaPKCSPSS(hash: .sha384), 256, [32, 47]),
      (.rsaPKCSPSS(hash: .sha512), 256, [63, 65]),
    ])
  func wrongInput(mechanism: Mechanism, signatureSize: Int, sizes: [Int]) throws {
    var session = try TokenTestbed().session()
    for size in sizes {
      do {
        // A handle that no token has: it would be told so if it were asked.
        _ = try session.sign(
          [UInt8](repeating: 1, count: size), with: mechanism, key: ObjectHandle(rawValue: .max), maximumSignatureSize: signatureSize)
        Issue.record("\(size) bytes were signed with \(mechanism)")
      } catch {
        #expect(error.rule == .signatureInput)
        #expect(error.function == nil)
        #expect(error.message.hasPrefix("\(size) bytes"))
      }
    }
    expectPoisoned(session, false)
  }

  @Test("SIGNATURE-INPUT: what the mechanism can take goes to the token", arguments: [20, 28, 32])
  func rightInput(size: Int) throws {
    var session = try TokenTestbed().session()
    let pair = try makeP256Key(&session)
    let digest = [UInt8](repeating: 1, count: size)
    let signature = try session.sign(digest, with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64)
    try session.verify(signature: signature, of: digest, with: .ecdsa, key: pair.publicKey)
  }

  @Test("a signature that has no room is refused")
  func noRoom() throws {
    let rsa = try Self.rsa.get()
    var session = try rsa.testbed.token.openSession(.readOnly)
    do {
      _ = try session.sign([1], with: .sha256RSAPKCS, key: rsa.pair.privateKey, maximumSignatureSize: 255)
      Issue.record("256 bytes went into 255")
    } catch {
      #expect(error.returnValue == .bufferTooSmall)
    }
    expectPoisoned(session)
    var other = try rsa.testbed.token.openSession(.readOnly)
    for size in [0, -1, Session.signatureSizeLimit + 1] {
      do { _ = try other.sign([1], with: .sha256RSAPKCS, key: rsa.pair.privateKey, maximumSignatureSize: size) } catch {
        #expect(error.rule == .signatureSize)
      }
    }
    expectPoisoned(other, false)
  }

  @Test("a mechanism that does not fit the key fails at last in C_Sign, and poisons the session")
  func wrongMechanism() throws {
    var session = try TokenTestbed().session()
    let pair = try makeP256Key(&session)
    do {
      _ = try session.sign([UInt8](repeating: 1, count: 32), with: .rsaPKCS, key: pair.privateKey, maximumSignatureSize: 256)
      Issue.record("an EC key made an RSA signature")
    } catch {
      #expect(error.returnValue != nil || error.rule == .signatureSize)
    }
    expectPoisoned(session)
  }

  @Test("a mechanism that the token does not have is refused, and the session lives on")
  func absentMechanism() throws {
    var session = try TokenTestbed().session()
    let pair = try makeP256Key(&session)
    do {
      _ = try session.sign([1], with: .ecdsaSHA256, key: pair.privateKey, maximumSignatureSize: 64)
      Issue.record("SoftHSM has learned CKM_ECDSA_SHA256")
    } catch {
      #expect(error.returnValue == .mechanismInvalid)
      #expect(error.hint?.contains("mechanisms") == true)
    }
    expectPoisoned(session, false)
  }

  @Test("a key that wants its PIN for each use signs with it and not without it")
  func alwaysAuthenticate() throws {
    let testbed = try TokenTestbed()
    var session = try testbed.session()
    let pair = try makeP256Key(&session, privateKey: [Attribute(.alwaysAuthenticate, true)])
    let digest = [UInt8](repeating: 3, count: 32)
    let signature = try session.sign(
      digest.span, with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64, authenticatingWith: secret(testbed.userPIN))
    try session.verify(signature: signature, of: digest, with: .ecdsa, key: pair.publicKey)
    do {
      _ = try session.sign(digest, with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64)
      Issue.record("the key signed without its PIN")
    } catch {
      #expect(error.returnValue == .userNotLoggedIn)
      #expect(error.hint?.contains("CKA_ALWAYS_AUTHENTICATE") == true)
    }
    expectPoisoned(session)
  }

  @Test("many tasks sign at once, each in its own session")
  func parallel() async throws {
    let testbed = try TokenTestbed()
    var anchor = try testbed.session()
    let pair = try makeP256Key(&anchor)
    let token = testbed.token
    let count = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          var session = try token.openSession(.readOnly)
          for _ in 0..<50 {
            let signature = try session.sign([UInt8](repeating: 1, count: 32), with: .ecdsa, key: pair.privateKey, maximumSignatureSize: 64)
            guard signature.count == 64 else { throw NothingThrown() }
          }
          return 50
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(count == 400)
    try anchor.close()
  }
}
