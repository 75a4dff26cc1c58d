import PKCS11
import Testing

@testable import TokenKeys

@Suite("Dialects and their templates")
struct DialectTests {
  private static let identifier = KeyIdentifier([UInt8](repeating: 9, count: 20))

  private func rungs(_ dialect: TokenDialect, _ algorithm: KeyAlgorithm = .ecdsaP256) -> [TemplateLadder.Rung] {
    TemplateLadder(algorithm: algorithm, name: "k", identifier: Self.identifier, dialect: dialect).rungs
  }

  struct Sighting: Sendable, CustomTestStringConvertible {
    let dialect: String
    let manufacturer, library, tokenManufacturer, model: String
    var testDescription: String { "\(dialect): \(library), \(model)" }

    init(_ dialect: String, _ manufacturer: String, _ library: String, _ tokenManufacturer: String, _ model: String) {
      self.dialect = dialect
      self.manufacturer = manufacturer
      self.library = library
      self.tokenManufacturer = tokenManufacturer
      self.model = model
    }
  }

  @Test(
    "A dialect is told by what module and token say of themselves",
    arguments: [
      Sighting("softhsm", "SoftHSM", "Implementation of PKCS11", "SoftHSM project", "SoftHSM v2"),
      Sighting("nss", "Mozilla Foundation", "NSS Internal Crypto Services", "Mozilla Foundation", "NSS 3"),
      Sighting("opencryptoki", "IBM", "Meta PKCS11 LIBRARY", "IBM", "IBM SoftTok"),
      Sighting("tpm2", "tpm2-software.github.io", "TPM2.0 Cryptoki", "IBM", "SW   TPM"),
      Sighting("yubihsm", "Yubico (www.yubico.com)", "YubiHSM PKCS#11 Library", "Yubico (www.yubico.com)", "YubiHSM"),
      Sighting("ykcs11", "Yubico (www.yubico.com)", "PKCS#11 PIV Library (SP-800-73)", "Yubico (www.yubico.com)", "YubiKey YK5"),
      Sighting("kmsp11", "Google", "Cryptoki Library for Cloud KMS", "Google", ""),
      Sighting("nshield", "nCipher Corp. Ltd", "nCipher PKCS#11", "nCipher Corp. Ltd", ""),
      Sighting("luna", "SafeNet", "Chrystoki", "SafeNet", "LunaSA 7.4.0"),
      Sighting("cloudhsm", "Amazon", "CloudHSM PKCS#11", "Marvell Semiconductors, Inc.", "NITROX-III"),
      Sighting("p11-kit/softhsm", "PKCS#11 Kit", "PKCS#11 Kit Proxy Module", "SoftHSM project", "SoftHSM v2"),
      Sighting("p11-kit", "p11-kit", "p11-kit (no connection)", "Somebody", "Something"),
      Sighting("standard", "Somebody", "Something", "Somebody", "Something"),
      Sighting("standard", "", "", "", ""),
    ])
  func detection(_ sighting: Sighting) {
    let dialect = TokenDialect(
      manufacturer: sighting.manufacturer, library: sighting.library, tokenManufacturer: sighting.tokenManufacturer, model: sighting.model)
    #expect(dialect.name == sighting.dialect)
  }

  @Test("Names are different, and every peculiarity is one line for people", arguments: TokenDialect.all)
  func explanations(dialect: TokenDialect) {
    #expect(TokenDialect.all.count { $0.name == dialect.name } == 1)
    #expect(dialect.peculiarities.isEmpty == (dialect == .standard))
    for text in dialect.explanations {
      #expect(!text.isEmpty && !text.contains("\n") && !text.hasSuffix(".") && text.first?.isUppercase != true)
    }
  }

  @Test("The first template of a dialect differs from the whole one in its peculiarities and in nothing else", arguments: TokenDialect.all)
  func firstTemplate(dialect: TokenDialect) throws {
    let whole = KeyTemplate(algorithm: .ecdsaP256, name: "k", identifier: Self.identifier)
    let first = try #require(rungs(dialect).first)
    #expect(first.leftOut == nil)
    var publicGone = Set(whole.publicKey).subtracting(first.template.publicKey).map(\.type)
    let privateGone = Set(whole.privateKey).subtracting(first.template.privateKey).map(\.type)
    switch dialect {
    case .tpm2:
      #expect(Set(publicGone) == [.encrypt])
      #expect(Set(privateGone) == [.decrypt])
    case .cloudHSM:
      #expect(publicGone == [.isPrivate])
      #expect(first.template.publicKey.contains(Attribute(.isPrivate, true)))
      publicGone = []
      #expect(privateGone.isEmpty)
    case .nss, .openCryptoki:
      #expect(publicGone.isEmpty)
      #expect(privateGone == [.copyable])
    case .ykcs11:
      #expect(publicGone.isEmpty)
      #expect(privateGone == [.extractable])
    case .kmsp11:
      #expect(publicGone == [.id])
      #expect(privateGone == [.id])
    default: #expect(first.template == whole)
    }
  }

  @Test(
    "Each further template leaves out more, asks for nothing new, and never gives up what makes a signing key of it",
    arguments: TokenDialect.all)
  func ladder(dialect: TokenDialect) {
    for algorithm in KeyAlgorithm.allCases {
      let all = rungs(dialect, algorithm)
      #expect(all.count == (algorithm == .ed25519 ? 8 : 4))
      for (upper, lower) in zip(all, all.dropFirst()) where upper.leftOut != lower.leftOut {
        #expect(Set(lower.template.privateKey).isStrictSubset(of: upper.template.privateKey) || dialect == .ykcs11)
        #expect(lower.template.publicKey.count <= upper.template.publicKey.count)
      }
      for rung in all {
        let types = rung.template.privateKey.map(\.type)
        #expect(Set(types).count == types.count, "an attribute twice is CKR_TEMPLATE_INCONSISTENT on some tokens")
        for needed in [Attribute(.token, true), Attribute(.isPrivate, true), Attribute(.sensitive, true), Attribute(.sign, true)] {
          #expect(rung.template.privateKey.contains(needed))
        }
        #expect(!rung.template.privateKey.contains(Attribute(.extractable, true)))
        #expect(rung.template.privateKey.contains { $0.type == .id } != dialect.choosesIdentifier)
        #expect(rung.template.publicKey.contains { $0.type == .label })
      }
    }
  }

  @Test("A refusal is an answer about the template from C_GenerateKeyPair, and nothing else")
  func refusals() {
    func error(_ function: String, _ answer: ReturnValue) -> PKCS11Error {
      PKCS11Error(function: function, returnValue: answer, token: nil, operation: "test")
    }
    let about: [ReturnValue] = [.attributeTypeInvalid, .attributeValueInvalid, .attributeReadOnly, .templateInconsistent]
    for answer in about {
      #expect(TemplateLadder.isRefusal(error("C_GenerateKeyPair", answer), of: .ecKeyPairGeneration))
      #expect(!TemplateLadder.isRefusal(error("C_CreateObject", answer), of: .ecKeyPairGeneration))
    }
    for answer in [ReturnValue.generalError, .functionFailed, .deviceError, .templateIncomplete, .pinLocked, .init(rawValue: 0x8000_0001)] {
      #expect(!TemplateLadder.isRefusal(error("C_GenerateKeyPair", answer), of: .ecKeyPairGeneration))
    }
    for answer in [ReturnValue.curveNotSupported, .domainParametersInvalid, .mechanismParameterInvalid] {
      #expect(TemplateLadder.isRefusal(error("C_GenerateKeyPair", answer), of: .ecEdwardsKeyPairGeneration))
      #expect(!TemplateLadder.isRefusal(error("C_GenerateKeyPair", answer), of: .ecKeyPairGeneration))
    }
    #expect(!TemplateLadder.isRefusal(TokenKeysError(.keyUnusable, operation: "", message: ""), of: .ecKeyPairGeneration))
  }
}
