import Testing

@Suite("Secrets: the few places that touch them")
struct SecretTests {
  /// Where the bytes of a secret are lent, each with the reason.
  private static let lenders = [
    "Sources/PKCS11/Modules/Slot.swift": "C_InitToken", "Sources/PKCS11/Sessions/SessionLogin.swift": "C_Login, C_InitPIN, C_SetPIN",
    "Sources/TokenKeys/Login/PINLedger.swift": "the keyed digest of a refused PIN",
    "Sources/CertificateService/TransferCredentials.swift": "the schema's length",
    "Sources/CertificateService/RequestWriter.swift": "the request",
    "Sources/KeyCeremony/Shares/SecretSharing.swift": "libgfshare",
    "Sources/KeyCeremony/Shares/PINShare.swift": "header, checksum and digest of a share",
    "Sources/KeyCeremony/Shares/SharedPIN.swift": "salt and PIN together; shares together",
    "Sources/KeyCeremony/Shares/ShareText.swift": "a share's octets as groups, and back",
    "Sources/KeyCeremony/Paper/QRCode.swift": "a share's QR code, and pages with a share in them",
    "Sources/KeyCeremony/Paper/ShareCard.swift": "a share's groups on its card",
    "Sources/KeyCeremony/Run/ShareCardFile.swift": "a share that is written to a file of its owner's",
    "Sources/KeyCeremony/Shares/TypedGroups.swift": "what was typed from a card",
    "Sources/Secrets/ProcessEnvironment.swift": "the copy of what came in a variable",
    "Sources/Secrets/SecretGroups.swift": "a share's groups, for the screen", "Sources/Secrets/OpenTerminal.swift": "a share is shown",
  ]

  /// Where secrets are at home.
  private static let holders: Set = ["Sources/Secrets/SecretBytes.swift", "Sources/Secrets/HeldSecret.swift"]

  @Test("a secret's bytes are lent in the places that are known, and in no others")
  func lending() {
    let found = SourceTree.swiftSources.filter { file in
      !Self.holders.contains(file.path) && file.codeLines.contains { $0.contains(/\.withBytes\b/) }
    }.map(\.path)
    expectNone(found.filter { Self.lenders[$0] == nil }.map { "\($0): lends a secret's bytes; is that needed, and is no copy left?" })
    expectNone(Self.lenders.keys.filter { !found.contains($0) }.sorted().map { "\($0): lends nothing any more" })
  }

  @Test("nobody reads the whole environment: that makes copies of the secrets in it")
  func environment() {
    expectNone(
      SourceTree.swiftSources.flatMap { file in
        file.codeLines.enumerated().filter { $0.element.contains(/\benviron\b|processInfo\.environment/) }.map {
          "\(file):\($0.offset + 1)"
        }
      })
  }

  @Test("the tool loads modules in one place, which holds them against their pin")
  func loading() throws {
    let places = SourceTree.swiftSources.filter { $0.room != "PKCS11" && $0.codeLines.contains { $0.contains(/\bModule\(path:/) } }
    #expect(places.map(\.path) == ["Sources/Commands/CommandContext.swift"])
    #expect(try SourceTree.text("Sources/Commands/CommandContext.swift").contains("initializationString: initializationString, pin: pin)"))
  }

  @Test("no text is made of what is called a PIN, a secret or a password")
  func interpolation() {
    let names = /\\\((?:self\.)?(?:pin|newPIN|oldPIN|secret|password|transferPassword|privateKey|privateValue)[).!?]/
    expectNone(
      SourceTree.swiftSources.filter { $0.room != "ServiceSimulator" }.flatMap { file in
        file.codeLines.enumerated().filter { $0.element.contains(names) }.map { "\(file):\($0.offset + 1): \($0.element)" }
      })
  }
}
