import Crypto
import CryptoExtras
import PKCS11
import Testing
import X509

@testable import TokenKeys

@Suite("Which mechanism signs, over made-up mechanism lists")
struct SignatureSchemeTests {
  private static func offer(_ mechanisms: [MechanismType], sizes: ClosedRange<Int> = 0...0, _ flags: MechanismFlags = .sign)
    -> [MechanismType: MechanismInformation]
  {
    let information = MechanismInformation(minimumKeySize: sizes.lowerBound, maximumKeySize: sizes.upperBound, flags: flags)
    return Dictionary(mechanisms.map { ($0, information) }) { first, _ in first }
  }

  struct Choice: Sendable, CustomTestStringConvertible {
    let algorithm: KeySignatureAlgorithm
    let key: KeyAlgorithm
    let preferred: MechanismType
    let other: MechanismType?
    var testDescription: String { "\(algorithm) by \(key)" }
  }

  static let choices: [Choice] = [
    Choice(algorithm: .rsaPKCS1SHA256, key: .rsa2048, preferred: .sha256RSAPKCS, other: .rsaPKCS),
    Choice(algorithm: .rsaPKCS1SHA384, key: .rsa3072, preferred: .sha384RSAPKCS, other: .rsaPKCS),
    Choice(algorithm: .rsaPKCS1SHA512, key: .rsa4096, preferred: .sha512RSAPKCS, other: .rsaPKCS),
    Choice(algorithm: .rsaPSSSHA256, key: .rsa2048, preferred: .sha256RSAPKCSPSS, other: .rsaPKCSPSS),
    Choice(algorithm: .rsaPSSSHA384, key: .rsa2048, preferred: .sha384RSAPKCSPSS, other: .rsaPKCSPSS),
    Choice(algorithm: .rsaPSSSHA512, key: .rsa2048, preferred: .sha512RSAPKCSPSS, other: .rsaPKCSPSS),
    Choice(algorithm: .ecdsaSHA256, key: .ecdsaP256, preferred: .ecdsa, other: .ecdsaSHA256),
    Choice(algorithm: .ecdsaSHA384, key: .ecdsaP384, preferred: .ecdsa, other: .ecdsaSHA384),
    Choice(algorithm: .ecdsaSHA512, key: .ecdsaP521, preferred: .ecdsa, other: .ecdsaSHA512),
    Choice(algorithm: .ed25519, key: .ed25519, preferred: .edDSA, other: nil),
    Choice(algorithm: .mlDSA, key: .mlDSA65, preferred: .mlDSA, other: nil),
  ]

  @Test("The first candidate that the token offers for signing is taken, and none is an error that names them all", arguments: choices)
  func choice(_ choice: Choice) throws {
    let both = [choice.preferred] + (choice.other.map { [$0] } ?? [])
    #expect(try SignatureScheme(choice.algorithm, for: choice.key, offered: Self.offer(both)).mechanism.type == choice.preferred)
    if let other = choice.other {
      #expect(try SignatureScheme(choice.algorithm, for: choice.key, offered: Self.offer([other])).mechanism.type == other)
      // Offered, but for something else: the other one is taken.
      let half = Self.offer([choice.preferred], .verify).merging(Self.offer([other])) { first, _ in first }
      #expect(try SignatureScheme(choice.algorithm, for: choice.key, offered: half).mechanism.type == other)
    }
    // ML-DSA's sizes are bytes of the public key, which say nothing that the parameter set does not.
    let tooSmall = choice.key == .mlDSA65 ? [:] : Self.offer(both, sizes: 1...2)
    for table in [[:], Self.offer(both, .verify), tooSmall] {
      let error = try #require(
        #expect(throws: TokenKeysError.self) { _ = try SignatureScheme(choice.algorithm, for: choice.key, offered: table) })
      #expect(error.code == .mechanismMissing)
      for mechanism in both { #expect(error.message.contains("\(mechanism)")) }
    }
  }

  @Test(
    "Sizes are counted in bits, and in bytes by modules that can mean nothing else",
    arguments: [
      (KeyAlgorithm.rsa2048, 512...16384, true), (.rsa2048, 2048...2048, true), (.rsa2048, 1024...1024, false),
      (.rsa4096, 512...2048, false),
      (.rsa2048, 3072...4096, false), (.rsa2048, 64...512, true), (.rsa4096, 64...512, true), (.rsa4096, 64...256, false),
      (.ecdsaP256, 112...521, true), (.ecdsaP521, 112...521, true), (.ecdsaP521, 256...384, false), (.ecdsaP256, 384...521, false),
      (.ecdsaP256, 28...66, true), (.ecdsaP521, 28...66, true), (.ecdsaP384, 32...32, false), (.ed25519, 256...456, true),
      (.ed25519, 255...448, true), (.ed25519, 32...57, true), (.ed25519, 448...456, false), (.rsa4096, 0...0, true),
      (.rsa4096, 0...Int.max, true), (.mlDSA65, 1312...2592, true), (.rsa2048, 4096...4096, false),
    ])
  func sizes(key: KeyAlgorithm, range: ClosedRange<Int>, admitted: Bool) {
    let information = MechanismInformation(minimumKeySize: range.lowerBound, maximumKeySize: range.upperBound, flags: .sign)
    #expect(information.admits(key) == admitted)
  }

  @Test("A range that is upside down admits nothing and ends nothing")
  func upsideDown() {
    #expect(!MechanismInformation(minimumKeySize: 4096, maximumKeySize: 1024, flags: .sign).admits(.rsa2048))
  }

  @Test("A key signs with the algorithms of its kind only", arguments: KeyAlgorithm.allCases)
  func mismatch(key: KeyAlgorithm) throws {
    let everything = Self.offer(Self.choices.flatMap { [$0.preferred] + ($0.other.map { [$0] } ?? []) })
    for algorithm in KeySignatureAlgorithm.allCases where !key.signatureAlgorithms.contains(algorithm) {
      let error = try #require(
        #expect(throws: TokenKeysError.self) { _ = try SignatureScheme(algorithm, for: key, offered: everything) })
      #expect(error.code == .algorithmMismatch)
    }
  }

  @Test("Names and X.509's algorithms lead back to where they came from")
  func names() {
    for algorithm in KeySignatureAlgorithm.allCases {
      #expect(KeySignatureAlgorithm(rawValue: algorithm.rawValue) == algorithm)
      if let x509 = algorithm.certificateAlgorithm { #expect(KeySignatureAlgorithm(x509) == algorithm) }
      #expect((algorithm.certificateAlgorithm == nil) == (algorithm.usesPSS || algorithm == .mlDSA))
    }
    for algorithm in KeyAlgorithm.allCases { #expect(KeyAlgorithm(rawValue: algorithm.rawValue) == algorithm) }
    #expect(KeyAlgorithm(rawValue: "rsa-1024") == nil)
    #expect(KeySignatureAlgorithm(rawValue: "rsa-pkcs1-sha1") == nil)
    #expect(KeySignatureAlgorithm(.sha1WithRSAEncryption) == nil)
  }

  @Test("KEY-VERIFY-AFTER-SIGN: software signatures verify by their own algorithm and by no other")
  func verification() throws {
    let message = Array("payroll".utf8)
    let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let p256 = P256.Signing.PrivateKey()
    let p384 = P384.Signing.PrivateKey()
    let p521 = P521.Signing.PrivateKey()
    let edwards = Curve25519.Signing.PrivateKey()
    func sha256(_ padding: _RSA.Signing.Padding) throws -> [UInt8] {
      Array(try rsa.signature(for: SHA256.hash(data: message), padding: padding).rawRepresentation)
    }
    let signatures: [(KeySignatureAlgorithm, [UInt8], Certificate.PublicKey)] = [
      (.rsaPKCS1SHA256, try sha256(.insecurePKCS1v1_5), .init(rsa.publicKey)), (.rsaPSSSHA256, try sha256(.PSS), .init(rsa.publicKey)),
      (.ecdsaSHA256, Array(try p256.signature(for: message).rawRepresentation), .init(p256.publicKey)),
      (.ecdsaSHA384, Array(try p384.signature(for: message).rawRepresentation), .init(p384.publicKey)),
      (.ecdsaSHA512, Array(try p521.signature(for: message).rawRepresentation), .init(p521.publicKey)),
      (.ed25519, Array(try edwards.signature(for: message)), .init(edwards.publicKey)),
    ]
    for (made, raw, publicKey) in signatures {
      for algorithm in KeySignatureAlgorithm.allCases {
        let verified = KeySignature(verifying: raw, of: message, by: publicKey, algorithm: algorithm)
        #expect((verified != nil) == (algorithm == made), "\(made) as \(algorithm)")
      }
      #expect(KeySignature(verifying: raw, of: message + [0], by: publicKey, algorithm: made) == nil)
      #expect(KeySignature(verifying: [], of: message, by: publicKey, algorithm: made) == nil)
    }
  }
}
