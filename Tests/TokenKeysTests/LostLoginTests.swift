import Foundation
import PKCS11
import Secrets
import TestSupport
import Testing

@testable import TokenKeys

@Suite("A login that is lost for good")
struct LostLoginTests {
  @Test("Where the PIN cannot be had again, everybody is told so once, in the same words, and the token is left in peace")
  func descriptor() async throws {
    let folder = try TemporaryFolder()
    let fault = try FaultModule(.standAlone)
    let module = try Module(path: fault.path)
    let token = try module.token(matching: PKCS11URI(label: "fault"))
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: Data("123456\n".utf8))
    try pipe.fileHandleForWriting.close()
    let descriptor = dup(pipe.fileHandleForReading.fileDescriptor)
    let keys = try await TokenKeys(
      token: token, pin: SecretSource(parsing: "fd:\(descriptor)"), memory: PINMemory(folder: folder.path("pins")))
    let key = try await keys.generate(.ecdsaP256, named: "payroll")
    _ = try await key.sign([1] as [UInt8])

    // While nothing is under way, other code of this process logs out.
    do {
      var other = try token.openSession(.readOnly)
      try other.logout()
      try other.close()
    }
    try fault.forgetCalls()
    let errors = await withTaskGroup(of: TokenKeysError?.self) { group in
      for _ in 0..<8 {
        group.addTask {
          do { _ = try await key.sign([1] as [UInt8]) } catch { return error as? TokenKeysError }
          return nil
        }
      }
      return await group.reduce(into: [TokenKeysError?]()) { $0.append($1) }
    }
    #expect(errors.allSatisfy { $0?.code == .loginNotRepeatable && $0?.recovery == .operatorAction }, "\(errors)")
    #expect(Set(errors.compactMap { $0?.description }).count == 1)
    #expect(errors[0]?.message.contains("can be had only once") == true)
    // From now on nobody asks the token at all.
    try fault.forgetCalls()
    for _ in 0..<3 {
      let error = try await tokenKeysError { try await key.sign([1] as [UInt8]) }
      #expect(error.code == .loginNotRepeatable)
    }
    #expect(fault.calls.isEmpty)
    #expect(fault.pinTries.count == 1)
    try await keys.close()
    try module.finalize()
  }
}
