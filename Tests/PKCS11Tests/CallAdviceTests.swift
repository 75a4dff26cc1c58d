import Testing

@testable import PKCS11

@Suite("What an answer means")
struct CallAdviceTests {
  @Test("every return value of the header has one row, by its name")
  func everyConstant() throws {
    let names = try HeaderNames().constants.filter { $0.hasPrefix("CKR_") && $0 != "CKR_OK" && $0 != "CKR_VENDOR_DEFINED" }
    #expect(names.count == 103)
    #expect(CallAdviceRow.all.map(\.name).sorted() == names.sorted())
    #expect(CallAdviceRow.byReturnValue.count == CallAdviceRow.all.count)
  }

  @Test("sentences and next steps begin small and end without a full stop, and fit a line")
  func form() {
    for advice in Self.everyAdvice {
      for text in [advice.message, advice.hint] {
        #expect(text.first?.isLowercase == true, "\(text)")
        #expect(text.last?.isLetter == true || text.last == ")" || text.hasSuffix("SOFTHSM2_CONF)"), "\(text)")
        #expect((5...200).contains(text.count) && !text.contains("|") && !text.contains("  "), "\(text)")
      }
    }
  }

  @Test("an exception changes something, and each function has one at most")
  func exceptions() {
    for row in CallAdviceRow.all {
      let functions = row.exceptions.flatMap(\.functions)
      #expect(Set(functions).count == functions.count, "\(row.name)")
      #expect(row.exceptions.allSatisfy { $0.advice != row.advice }, "\(row.name)")
    }
  }

  @Test("after 'new session' and 'reinitialise the module' the session is given up; after 'retry' it is not")
  func poison() {
    for (advice, place) in Self.everyCell {
      if [.newSession, .reinitializeModule].contains(advice.recovery) { #expect(advice.poisonsSession, "\(place)") }
      if advice.recovery == .retry { #expect(!advice.poisonsSession, "\(place)") }
    }
  }

  @Test("nothing that shows a PIN is tried again without a person, unless the PIN was not looked at")
  func pins() {
    let allowed: Set<Recovery> = [.operatorAction, .permanent]
    for function in [CryptokiFunction.C_Login, .C_InitToken, .C_InitPIN, .C_SetPIN] {
      for value in Self.everyValue {
        let recovery = CallAdvice(value, from: function).recovery
        #expect(recovery != .retry && recovery != .logInAgain, "\(value) from \(function)")
        if !FunctionKind.pinNotLookedAt.contains(value) { #expect(allowed.contains(recovery), "\(value) from \(function)") }
      }
    }
    for value: ReturnValue in [
      .generalError, .functionFailed, .deviceError, ReturnValue(rawValue: 0x8000_0001), ReturnValue(rawValue: 0x4),
    ] {
      #expect(CallAdvice(value, from: .C_Login).recovery == .operatorAction)
      #expect(CallAdvice(value, from: .C_Login).hint.contains("PIN tries"))
    }
  }

  @Test("nothing that makes an object or ends an operation is simply called again")
  func noBlindRepetition() {
    for function in [CryptokiFunction.C_GenerateKeyPair, .C_GenerateKey, .C_CreateObject, .C_Sign, .C_Verify, .C_FindObjectsFinal] {
      for value in Self.everyValue { #expect(CallAdvice(value, from: function).recovery != .retry, "\(value) from \(function)") }
    }
    #expect(CallAdvice(.deviceError, from: .C_GenerateKeyPair).hint.contains("whether it was made"))
    #expect(!CallAdvice(.sessionHandleInvalid, from: .C_GenerateKeyPair).hint.contains("whether it was made"))
    #expect(!CallAdvice(.templateInconsistent, from: .C_GenerateKeyPair).poisonsSession)
  }

  @Test("a failed C_Sign, C_Verify or C_FindObjectsFinal gives the session up, but a wrong signature does not")
  func endings() {
    for function in [CryptokiFunction.C_Sign, .C_Verify, .C_FindObjectsFinal] {
      for value in Self.everyValue where value != .signatureInvalid && value != .signatureLengthRange {
        #expect(CallAdvice(value, from: function).poisonsSession, "\(value) from \(function)")
      }
    }
    #expect(!CallAdvice(.signatureInvalid, from: .C_Verify).poisonsSession)
    #expect(!CallAdvice(.signatureLengthRange, from: .C_Verify).poisonsSession)
  }

  @Test(
    "the verdict depends on the function",
    arguments: [
      ("C_Sign", ReturnValue.deviceError, Recovery.reinitializeModule), ("C_Login", .deviceError, .operatorAction),
      ("C_Login", .pinIncorrect, .operatorAction), ("C_Login", .pinLocked, .operatorAction),
      ("C_Login", .sessionHandleInvalid, .newSession), ("C_Login", .tokenNotPresent, .reinitializeModule),
      ("C_SignInit", .generalError, .newSession), ("C_OpenSession", .generalError, .reinitializeModule),
      ("C_Initialize", .generalError, .operatorAction), ("C_Initialize", .argumentsBad, .operatorAction),
      ("C_SignInit", .functionFailed, .retry), ("C_Sign", .functionFailed, .newSession),
      ("C_GenerateKeyPair", .functionFailed, .newSession),
      ("C_OpenSession", .argumentsBad, .retry), ("C_SignInit", .argumentsBad, .permanent),
      ("C_Sign", .bufferTooSmall, .permanent), ("C_GetAttributeValue", .bufferTooSmall, .retry),
      ("C_SignInit", .operationActive, .newSession), ("C_Login", .operationNotInitialized, .newSession),
      ("C_OpenSession", .sessionCount, .operatorAction), ("C_SignInit", .keyHandleInvalid, .findKeyAgain),
      ("C_Sign", .objectHandleInvalid, .findKeyAgain), ("C_Sign", .userNotLoggedIn, .logInAgain),
      ("C_Logout", .userNotLoggedIn, .permanent), ("C_InitPIN", .userNotLoggedIn, .operatorAction),
      ("C_GenerateKeyPair", .deviceMemory, .operatorAction), ("C_OpenSession", .deviceMemory, .retry),
      ("C_FindObjects", .cryptokiNotInitialized, .reinitializeModule), ("C_Encrypt", .functionFailed, .retry),
    ])
  func verdicts(_ function: String, _ value: ReturnValue, _ recovery: Recovery) {
    let error = PKCS11Error(function: function, returnValue: value, token: "t", operation: "try")
    #expect(error.recovery == recovery)
    #expect(CallAdvice(value, from: function).message == error.message)
  }

  @Test("a vendor's code keeps its number and costs the session; an unknown code too", arguments: [0x8000_0136, 0xFFFF_FFFF, 0x4, 0x20A])
  func foreignCodes(_ number: UInt) {
    let error = PKCS11Error(function: "C_SignInit", returnValue: ReturnValue(rawValue: number), token: nil, operation: "sign")
    #expect(error.returnValue?.rawValue == number)
    #expect(error.description.contains("0x" + String(number, radix: 16, uppercase: true)))
    #expect(error.recovery == .newSession)
    #expect(error.message == (number < 0x8000_0000 ? CallAdvice.unknown : CallAdvice.vendorDefined).message)
  }

  @Test("findings of our own have verdicts")
  func findings() {
    func recovery(_ rule: PKCS11Rule) -> Recovery { PKCS11Error(rule: rule, operation: "try", message: "it fails").recovery }
    #expect(recovery(.sessionUsable) == .newSession)
    #expect(recovery(.moduleInUse) == .reinitializeModule)
    #expect(recovery(.tokenUnambiguous) == .operatorAction)
    #expect(recovery(.uriSyntax) == .permanent)
  }

  private static let everyValue =
    CallAdviceRow.all.map(\.returnValue) + [0x4, 0x8000_0000, 0x8000_0001].map { ReturnValue(rawValue: $0) }

  private static let everyAdvice =
    CallAdviceRow.all.flatMap { [$0.advice] + $0.exceptions.map(\.advice) } + [CallAdvice.vendorDefined, .unknown]
    + everyCell.map(\.advice)

  private static let everyCell: [(advice: CallAdvice, place: String)] = CryptokiFunction.allCases.flatMap { function in
    everyValue.map { (CallAdvice($0, from: function), "\($0) from \(function)") }
  }
}
